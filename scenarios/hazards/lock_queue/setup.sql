-- Invoices of a wholesaler, read and paid all day.
CREATE TABLE invoices (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id integer NOT NULL,
  due_on      date NOT NULL,
  cents       integer NOT NULL,
  paid_at     timestamptz
);
INSERT INTO invoices (customer_id, due_on, cents)
  SELECT 1 + n % 200, date '2026-01-01' + n % 300, 500 + n * 37 % 90000 FROM generate_series(1, :rows) AS n;
