DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM sessions WHERE id > last_id ORDER BY id LIMIT 500) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE sessions SET device = CASE WHEN user_agent LIKE 'Mobile%' THEN 'phone' ELSE 'desktop' END
      WHERE id > last_id AND id <= next_id AND device IS NULL;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
