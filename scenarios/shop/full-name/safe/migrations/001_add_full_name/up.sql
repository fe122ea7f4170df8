BEGIN;
ALTER TABLE users ADD COLUMN full_name text;
CREATE FUNCTION users_sync_full_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.full_name IS NOT NULL AND NEW.first_name IS NULL
     OR TG_OP = 'UPDATE' AND NEW.full_name IS DISTINCT FROM OLD.full_name
        AND (NEW.first_name, NEW.last_name) IS NOT DISTINCT FROM (OLD.first_name, OLD.last_name)
        AND OLD.full_name IS NOT NULL THEN
    -- Written by the new version: the first word, and the rest.
    NEW.first_name := split_part(NEW.full_name, ' ', 1);
    NEW.last_name := substr(NEW.full_name, length(NEW.first_name) + 2);
  ELSIF NEW.first_name IS NOT NULL THEN
    NEW.full_name := NEW.first_name || ' ' || NEW.last_name;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER users_sync_full_name BEFORE INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION users_sync_full_name();
COMMIT;
