-- Shops and their sales: enough of them that proving a foreign key takes a moment.
CREATE TABLE shops (id uuid PRIMARY KEY, city text NOT NULL);
CREATE TABLE sales (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shop_id  uuid NOT NULL,
  cents    integer NOT NULL
);
INSERT INTO shops (id, city) SELECT md5(n::text)::uuid, 'City ' || n % 90 FROM generate_series(1, 50000) AS n;
INSERT INTO sales (shop_id, cents) SELECT md5((1 + n % 50000)::text)::uuid, 100 + n % 9000 FROM generate_series(1, :rows) AS n;
CREATE INDEX sales_shop_idx ON sales (shop_id);
