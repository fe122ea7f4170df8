DROP VIEW balances;
CREATE VIEW balances AS
  SELECT customers.id AS customer_id, coalesce(sum(debts.cents), 0) AS cents
  FROM customers LEFT JOIN debts ON debts.customer_id = customers.id GROUP BY customers.id;
