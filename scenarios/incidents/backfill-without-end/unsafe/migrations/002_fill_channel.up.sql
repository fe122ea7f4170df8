SET statement_timeout = '2s'; -- hours, where it happened
DO $$
BEGIN
  WHILE EXISTS (SELECT FROM events WHERE channel IS NULL) LOOP
    UPDATE events SET channel = 'web'
      WHERE id IN (SELECT id FROM events WHERE channel IS NULL ORDER BY id LIMIT 400);
    COMMIT;
    PERFORM pg_sleep(0.3);
  END LOOP;
END
$$;
