DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM log_lines WHERE id > last_id ORDER BY id LIMIT 500) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE log_lines SET severity = lower(level) WHERE id > last_id AND id <= next_id AND severity IS NULL;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
