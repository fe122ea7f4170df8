-- Parcels, counted in bigint.
CREATE TABLE parcels (id bigint PRIMARY KEY, place text NOT NULL);
INSERT INTO parcels SELECT 2000000000 + n, 'place ' || n % 50 FROM generate_series(1, :rows) AS n;
