-- A thousand rows a transaction: no row lock lasts longer than one batch.
DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM orders WHERE id > last_id ORDER BY id LIMIT 1000) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE orders SET total_cents_wide = total_cents
      WHERE id > last_id AND id <= next_id AND total_cents_wide IS DISTINCT FROM total_cents;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
