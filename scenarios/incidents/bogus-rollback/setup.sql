-- Members of a club.
CREATE TABLE members (id bigint PRIMARY KEY, name text NOT NULL, phone text);
INSERT INTO members SELECT n, 'member ' || n, 'phone ' || n FROM generate_series(1, :rows) AS n;
