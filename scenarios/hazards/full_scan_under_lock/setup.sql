-- Parcels of a carrier.
CREATE TABLE parcels (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  barcode   text NOT NULL,
  grams     integer NOT NULL,
  postcode  text NOT NULL
);
INSERT INTO parcels (barcode, grams, postcode)
  SELECT 'P' || lpad(n::text, 10, '0'), 50 + n * 13 % 9000, lpad((n * 7 % 99999)::text, 5, '0') FROM generate_series(1, :rows) AS n;
