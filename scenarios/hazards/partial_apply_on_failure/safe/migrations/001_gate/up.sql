ALTER TABLE flights ADD COLUMN gate text;
ALTER TABLE flights ADD CONSTRAINT flights_not_overbooked CHECK (charter OR sold <= seats) NOT VALID;
