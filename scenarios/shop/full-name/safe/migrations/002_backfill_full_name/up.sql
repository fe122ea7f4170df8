-- A thousand rows a transaction; the trigger computes the value.
DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM users WHERE id > last_id ORDER BY id LIMIT 1000) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE users SET full_name = first_name || ' ' || last_name WHERE id > last_id AND id <= next_id AND full_name IS NULL;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
