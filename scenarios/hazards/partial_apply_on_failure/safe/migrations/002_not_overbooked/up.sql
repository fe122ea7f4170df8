ALTER TABLE flights VALIDATE CONSTRAINT flights_not_overbooked;
