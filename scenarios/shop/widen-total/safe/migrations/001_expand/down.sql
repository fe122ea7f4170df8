BEGIN;
DROP TRIGGER orders_sync_total ON orders;
DROP FUNCTION orders_sync_total();
ALTER TABLE orders DROP COLUMN total_cents_wide;
COMMIT;
