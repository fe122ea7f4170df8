BEGIN;
ALTER TABLE orders ADD COLUMN total_cents_wide bigint;
CREATE FUNCTION orders_sync_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.total_cents_wide := NEW.total_cents;
  RETURN NEW;
END
$$;
CREATE TRIGGER orders_sync_total BEFORE INSERT OR UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION orders_sync_total();
COMMIT;
