TRUNCATE last_clicks;
