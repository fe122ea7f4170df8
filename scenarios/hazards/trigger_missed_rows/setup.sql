-- People, and one column of what everybody is called.
CREATE TABLE people (id integer PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL);
INSERT INTO people (id, first_name, last_name)
SELECT n, 'Given ' || n, 'Family ' || n % 700 FROM generate_series(1, :rows) AS n;
CREATE SEQUENCE people_id_seq OWNED BY people.id START WITH 1000000;
ALTER TABLE people ALTER COLUMN id SET DEFAULT nextval('people_id_seq');
