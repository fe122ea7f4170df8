ALTER TABLE events ADD COLUMN channel text;
