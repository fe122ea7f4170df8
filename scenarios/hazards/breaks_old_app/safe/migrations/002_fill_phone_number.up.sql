DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM subscribers WHERE id > last_id ORDER BY id LIMIT 500) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE subscribers SET phone_number = phone WHERE id > last_id AND id <= next_id AND phone_number IS NULL;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
