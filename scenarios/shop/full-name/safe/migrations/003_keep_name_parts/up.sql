-- What the contract step drops is kept here, so that the way back restores names that no rule can split.
BEGIN;
CREATE TABLE user_name_parts (
  user_id    bigint PRIMARY KEY,
  first_name text NOT NULL,
  last_name  text NOT NULL
);
CREATE FUNCTION users_keep_name_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO user_name_parts (user_id, first_name, last_name) VALUES (NEW.id, NEW.first_name, NEW.last_name)
    ON CONFLICT (user_id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name;
  RETURN NULL;
END
$$;
CREATE TRIGGER users_keep_name_parts AFTER INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION users_keep_name_parts();
COMMIT;
DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM users WHERE id > last_id ORDER BY id LIMIT 1000) AS batch;
    EXIT WHEN next_id IS NULL;
    INSERT INTO user_name_parts (user_id, first_name, last_name)
      SELECT id, first_name, last_name FROM users WHERE id > last_id AND id <= next_id
      ON CONFLICT (user_id) DO NOTHING;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
