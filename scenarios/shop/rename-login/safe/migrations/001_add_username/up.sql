BEGIN;
ALTER TABLE users ADD COLUMN username character varying(40);
-- Whichever of the two a version of the application writes, the other follows.
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
    NEW.username := NEW.login;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER users_sync_username BEFORE INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION users_sync_username();
COMMIT;
