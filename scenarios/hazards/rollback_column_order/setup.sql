-- Suppliers; nobody has ever filled in the telex number.
CREATE TABLE suppliers (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name   text NOT NULL,
  telex  text,
  city   text NOT NULL
);
INSERT INTO suppliers (name, city) SELECT 'Supplier ' || n, (ARRAY['Lyon', 'Bergen', 'Gdynia'])[1 + n % 3] FROM generate_series(1, :rows) AS n;
