-- Boats and a function about them that belongs to the harbour's own role.
CREATE ROLE harbour_master;
CREATE TABLE boats (id bigint PRIMARY KEY, metres numeric NOT NULL);
INSERT INTO boats SELECT n, 4 + n % 30 FROM generate_series(1, :rows) AS n;
CREATE FUNCTION berth_fee(metres numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT metres * 3';
ALTER FUNCTION berth_fee OWNER TO harbour_master;
