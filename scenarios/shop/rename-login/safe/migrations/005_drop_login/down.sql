-- The way back is an expansion of its own: column, trigger, backfill, constraints, each without a long lock.
BEGIN;
ALTER TABLE users ADD COLUMN login character varying(40);
CREATE FUNCTION users_sync_username() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.username := coalesce(NEW.username, NEW.login);
    NEW.login := coalesce(NEW.login, NEW.username);
  ELSIF NEW.login IS DISTINCT FROM OLD.login THEN
    NEW.username := NEW.login;
  ELSIF NEW.username IS DISTINCT FROM OLD.username AND NEW.username IS NOT NULL THEN
    NEW.login := NEW.username;
  ELSE
    NEW.username := coalesce(NEW.username, NEW.login);
    NEW.login := coalesce(NEW.login, NEW.username);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER users_sync_username BEFORE INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION users_sync_username();
COMMIT;
DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM users WHERE id > last_id ORDER BY id LIMIT 1000) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE users SET login = username WHERE id > last_id AND id <= next_id AND login IS NULL;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
ALTER TABLE users ADD CONSTRAINT users_login_present CHECK (login IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_login_present;
ALTER TABLE users ALTER COLUMN login SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_login_present;
CREATE UNIQUE INDEX CONCURRENTLY users_login_key ON users (login);
ALTER TABLE users ADD CONSTRAINT users_login_key UNIQUE USING INDEX users_login_key;
