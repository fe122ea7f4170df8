INSERT INTO last_clicks (page, click_id) SELECT page, max(id) FROM clicks GROUP BY page;
