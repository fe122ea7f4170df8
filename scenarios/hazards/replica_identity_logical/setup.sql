-- Prices without a primary key: the two columns together are the key, and only an index says so.
CREATE TABLE prices (
  product  integer NOT NULL,
  country  text NOT NULL,
  cents    integer NOT NULL
);
INSERT INTO prices (product, country, cents)
  SELECT n / 4, (ARRAY['AT', 'BE', 'CZ', 'DK'])[1 + n % 4], 100 + n % 900 FROM generate_series(0, :rows - 1) AS n;
CREATE UNIQUE INDEX prices_key ON prices (product, country);
