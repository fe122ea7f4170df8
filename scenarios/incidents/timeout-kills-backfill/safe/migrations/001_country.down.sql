ALTER TABLE subscriptions DROP COLUMN country;
