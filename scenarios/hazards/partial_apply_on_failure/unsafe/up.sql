ALTER TABLE flights ADD COLUMN gate text;
ALTER TABLE flights ADD CONSTRAINT flights_not_overbooked CHECK (sold <= seats) NOT VALID;
ALTER TABLE flights VALIDATE CONSTRAINT flights_not_overbooked;
