ALTER TABLE login_sessions ALTER COLUMN user_id TYPE bigint;
