DROP FUNCTION berth_fee(numeric);
CREATE FUNCTION berth_fee(metres numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT metres * 4';
