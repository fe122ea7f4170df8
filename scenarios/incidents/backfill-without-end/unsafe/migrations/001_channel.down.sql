ALTER TABLE events DROP COLUMN channel;
