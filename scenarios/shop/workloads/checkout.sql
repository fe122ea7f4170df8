-- A customer checks out: one order with two items and its payment, in one transaction.
\set user random_zipfian(1, :users, 1.1)
\set quantity random(1, 3)
\set price random(199, 9999)
\set total :quantity * :price
BEGIN;
INSERT INTO orders (user_id, status, total_cents, note) VALUES (:user, 'pending', :total, 'leave at the door');
INSERT INTO items (order_id, sku, quantity, price_cents)
  VALUES (currval(pg_get_serial_sequence('orders', 'id')), 'SKU-0001', :quantity, :price);
INSERT INTO payments (order_id, method, amount_cents)
  VALUES (currval(pg_get_serial_sequence('orders', 'id')), 'card', :total);
COMMIT;
