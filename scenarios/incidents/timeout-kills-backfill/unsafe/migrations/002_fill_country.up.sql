DO $$
DECLARE
  end_id   bigint := (SELECT max(id) FROM subscriptions);
  last_id  bigint := 0;
BEGIN
  WHILE last_id < end_id LOOP
    UPDATE subscriptions SET country = left(postcode, 1) WHERE id > last_id AND id <= last_id + 500;
    COMMIT;
    last_id := last_id + 500;
  END LOOP;
END
$$;
