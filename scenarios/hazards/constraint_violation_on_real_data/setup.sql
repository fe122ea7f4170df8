-- Cash movements; a refund is a negative amount, which the test data never had.
CREATE TABLE movements (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind   text NOT NULL,
  cents  integer NOT NULL
);
INSERT INTO movements (kind, cents)
  SELECT CASE WHEN n % 400 = 0 THEN 'refund' ELSE 'sale' END, CASE WHEN n % 400 = 0 THEN -1 ELSE 1 END * (100 + n % 5000)
  FROM generate_series(1, :rows) AS n;
