CREATE OR REPLACE FUNCTION berth_fee(metres numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT metres * 3';
