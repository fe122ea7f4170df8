ALTER TABLE flights DROP CONSTRAINT flights_not_overbooked;
ALTER TABLE flights DROP COLUMN gate;
