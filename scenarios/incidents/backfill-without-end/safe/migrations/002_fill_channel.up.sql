SET statement_timeout = '2s';
DO $$
DECLARE
  end_id   bigint := (SELECT max(id) FROM events);
  last_id  bigint := 0;
BEGIN
  WHILE last_id < end_id LOOP
    UPDATE events SET channel = 'web' WHERE id > last_id AND id <= last_id + 100 AND channel IS NULL;
    COMMIT;
    last_id := last_id + 100;
    PERFORM pg_sleep(0.1);
  END LOOP;
END
$$;
