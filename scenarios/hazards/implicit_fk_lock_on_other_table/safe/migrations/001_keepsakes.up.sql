CREATE TABLE keepsakes (account_id bigint PRIMARY KEY, note text NOT NULL);
