CREATE TABLE last_clicks (page integer PRIMARY KEY, click_id bigint NOT NULL);
