-- Parcels on their way; scanners write to them all day.
CREATE TABLE parcels (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address   text NOT NULL,
  scanned   integer NOT NULL DEFAULT 0
);
INSERT INTO parcels (address) SELECT 'Street ' || n % 700 || ', ' || lpad((n * 7919 % 100000)::text, 5, '0') FROM generate_series(1, :rows) AS n;
