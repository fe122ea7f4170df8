DO $$
DECLARE
  end_id   bigint := (SELECT max(id) FROM login_sessions);
  last_id  bigint := 0;
BEGIN
  WHILE last_id < end_id LOOP
    UPDATE login_sessions SET wide_user_id = user_id
      WHERE id > last_id AND id <= last_id + 500 AND wide_user_id IS NULL;
    COMMIT;
    last_id := last_id + 500;
  END LOOP;
END
$$;
