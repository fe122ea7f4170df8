-- The way back is an expansion of its own: columns, triggers, backfill from the archive, constraints.
BEGIN;
DROP TRIGGER users_track_full_name ON users;
DROP FUNCTION users_track_full_name();
ALTER TABLE users ADD COLUMN first_name text, ADD COLUMN last_name text;
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
CREATE FUNCTION users_keep_name_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.first_name IS NULL THEN
    RETURN NULL;
  END IF;
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
    UPDATE users SET first_name = parts.first_name, last_name = parts.last_name
      FROM user_name_parts AS parts
      WHERE parts.user_id = users.id AND users.id > last_id AND users.id <= next_id AND users.first_name IS NULL;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
ALTER TABLE users ADD CONSTRAINT users_name_parts_present CHECK (first_name IS NOT NULL AND last_name IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_name_parts_present;
ALTER TABLE users ALTER COLUMN first_name SET NOT NULL, ALTER COLUMN last_name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_name_parts_present;
BEGIN;
-- Exactly the functions that step 003 left.
DROP TRIGGER users_keep_name_parts ON users;
DROP FUNCTION users_keep_name_parts();
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
