-- Computers of a company, with the names that people gave them.
CREATE TABLE computers (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name  text NOT NULL,
  desk  integer NOT NULL
);
INSERT INTO computers (name, desk)
  SELECT (ARRAY['Pluto', 'HERON', 'iris', 'BigBox'])[1 + n % 4] || '-' || n, n % 250 FROM generate_series(1, :rows) AS n;
