DO $$
DECLARE
  end_id  bigint := (SELECT max(id) FROM subscriptions);
BEGIN
  LOOP
    UPDATE subscriptions SET country = left(postcode, 1)
      WHERE id IN (SELECT id FROM subscriptions WHERE id <= end_id AND country IS NULL ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
      EXIT WHEN NOT EXISTS (SELECT FROM subscriptions WHERE id <= end_id AND country IS NULL);
      PERFORM pg_sleep(0.1); -- what is left is locked
    END IF;
    COMMIT;
  END LOOP;
END
$$;
