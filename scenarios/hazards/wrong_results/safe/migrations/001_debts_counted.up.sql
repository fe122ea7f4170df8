CREATE OR REPLACE VIEW balances AS
  SELECT customers.id AS customer_id, coalesce(sum(debts.cents), 0) AS cents, count(debts.id) AS debts
  FROM customers LEFT JOIN debts ON debts.customer_id = customers.id GROUP BY customers.id;
