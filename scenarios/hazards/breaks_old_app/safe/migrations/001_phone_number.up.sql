BEGIN;
ALTER TABLE subscribers ADD COLUMN phone_number text;
CREATE FUNCTION subscribers_same_phone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.phone_number IS DISTINCT FROM OLD.phone_number THEN
    NEW.phone := NEW.phone_number;
  ELSIF TG_OP = 'INSERT' AND NEW.phone IS NULL THEN
    NEW.phone := NEW.phone_number;
  ELSE
    NEW.phone_number := NEW.phone;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER subscribers_same_phone BEFORE INSERT OR UPDATE ON subscribers
  FOR EACH ROW EXECUTE FUNCTION subscribers_same_phone();
COMMIT;
