BEGIN;
DROP TRIGGER users_sync_username ON users;
DROP FUNCTION users_sync_username();
ALTER TABLE users DROP COLUMN username;
COMMIT;
