ALTER TABLE subscriptions ADD COLUMN country text;
