ALTER TABLE events ADD COLUMN channel text;
ALTER TABLE events ALTER COLUMN channel SET DEFAULT 'web';
