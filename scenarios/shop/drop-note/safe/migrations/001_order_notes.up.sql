BEGIN;
CREATE TABLE order_notes (
  order_id bigint PRIMARY KEY,
  note     text
);
CREATE FUNCTION orders_keep_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_notes (order_id, note) VALUES (NEW.id, NEW.note)
    ON CONFLICT (order_id) DO UPDATE SET note = excluded.note;
  RETURN NULL;
END
$$;
CREATE TRIGGER orders_keep_note AFTER INSERT OR UPDATE OF note ON orders
  FOR EACH ROW EXECUTE FUNCTION orders_keep_note();
COMMIT;
