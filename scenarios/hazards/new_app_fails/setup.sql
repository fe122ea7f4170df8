-- Stock of a warehouse: one row for each product and shelf, as the application has always made sure.
CREATE TABLE stock (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product  integer NOT NULL,
  shelf    integer NOT NULL,
  pieces   integer NOT NULL
);
INSERT INTO stock (product, shelf, pieces)
  SELECT n % 500, n / 500, 10 + n % 90 FROM generate_series(0, :rows - 1) AS n;
