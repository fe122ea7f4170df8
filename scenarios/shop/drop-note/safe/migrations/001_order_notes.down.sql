BEGIN;
DROP TRIGGER orders_keep_note ON orders;
DROP FUNCTION orders_keep_note();
DROP TABLE order_notes;
COMMIT;
