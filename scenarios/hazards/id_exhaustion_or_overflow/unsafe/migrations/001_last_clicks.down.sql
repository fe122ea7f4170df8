DROP TABLE last_clicks;
