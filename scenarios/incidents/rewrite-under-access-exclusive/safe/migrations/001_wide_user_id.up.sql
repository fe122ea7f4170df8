ALTER TABLE login_sessions ADD COLUMN wide_user_id bigint;
CREATE FUNCTION login_sessions_widen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.wide_user_id := NEW.user_id;
  RETURN NEW;
END
$$;
CREATE TRIGGER login_sessions_widen BEFORE INSERT OR UPDATE ON login_sessions
  FOR EACH ROW EXECUTE FUNCTION login_sessions_widen();
