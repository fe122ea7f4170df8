DO $$
DECLARE
  end_id   bigint := (SELECT max(id) FROM accounts);
  last_id  bigint := 0;
BEGIN
  WHILE last_id < end_id LOOP
    UPDATE accounts SET currency = 'EUR' WHERE id > last_id AND id <= last_id + 100;
    UPDATE cards SET currency = 'EUR' WHERE id > last_id AND id <= last_id + 100;
    COMMIT;
    last_id := last_id + 100;
  END LOOP;
END
$$;
