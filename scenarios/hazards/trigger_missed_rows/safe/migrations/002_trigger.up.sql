CREATE FUNCTION set_full_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.full_name := NEW.first_name || ' ' || NEW.last_name;
  RETURN NEW;
END
$$;
CREATE TRIGGER set_full_name BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION set_full_name();
