DROP TRIGGER login_sessions_widen ON login_sessions;
DROP FUNCTION login_sessions_widen();
ALTER TABLE login_sessions DROP COLUMN wide_user_id;
