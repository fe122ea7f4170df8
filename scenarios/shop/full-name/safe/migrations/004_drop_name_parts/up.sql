BEGIN;
DROP TRIGGER users_keep_name_parts ON users;
DROP FUNCTION users_keep_name_parts();
DROP TRIGGER users_sync_full_name ON users;
DROP FUNCTION users_sync_full_name();
ALTER TABLE users DROP COLUMN first_name, DROP COLUMN last_name;
-- Names written from now on are split for the archive only.
CREATE FUNCTION users_track_full_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO user_name_parts (user_id, first_name, last_name)
    VALUES (NEW.id, split_part(NEW.full_name, ' ', 1), substr(NEW.full_name, length(split_part(NEW.full_name, ' ', 1)) + 2))
    ON CONFLICT (user_id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name;
  RETURN NULL;
END
$$;
CREATE TRIGGER users_track_full_name AFTER INSERT OR UPDATE OF full_name ON users
  FOR EACH ROW EXECUTE FUNCTION users_track_full_name();
COMMIT;
