DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM computers WHERE id > last_id ORDER BY id LIMIT 500) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE computers SET name = lower(name) WHERE id > last_id AND id <= next_id AND name <> lower(name);
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
