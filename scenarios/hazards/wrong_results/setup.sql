-- Customers and what they owe; one in ten has never ordered.
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE debts (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id  integer NOT NULL REFERENCES customers (id),
  cents        integer NOT NULL
);
CREATE INDEX debts_customer_idx ON debts (customer_id);
INSERT INTO customers (id, name) SELECT n, 'Customer ' || n FROM generate_series(1, 1000) AS n;
INSERT INTO debts (customer_id, cents) SELECT 1 + n % 900, 100 + n % 7000 FROM generate_series(1, :rows) AS n;
CREATE VIEW balances AS
  SELECT customers.id AS customer_id, coalesce(sum(debts.cents), 0) AS cents
  FROM customers LEFT JOIN debts ON debts.customer_id = customers.id GROUP BY customers.id;
