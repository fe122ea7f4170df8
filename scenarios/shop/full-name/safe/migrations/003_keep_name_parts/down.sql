BEGIN;
DROP TRIGGER users_keep_name_parts ON users;
DROP FUNCTION users_keep_name_parts();
DROP TABLE user_name_parts;
COMMIT;
