-- Visits to a museum.
CREATE TABLE visits (id bigint PRIMARY KEY, kind text NOT NULL);
INSERT INTO visits SELECT n, 'Adult' FROM generate_series(1, :rows) AS n;
