DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM orders WHERE id > last_id ORDER BY id LIMIT 2000) AS batch;
    EXIT WHEN next_id IS NULL;
    INSERT INTO order_notes (order_id, note)
      SELECT id, note FROM orders WHERE id > last_id AND id <= next_id
      ON CONFLICT (order_id) DO NOTHING;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
