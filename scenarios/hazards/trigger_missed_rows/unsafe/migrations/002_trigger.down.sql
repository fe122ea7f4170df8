DROP TRIGGER set_full_name ON people;
DROP FUNCTION set_full_name();
