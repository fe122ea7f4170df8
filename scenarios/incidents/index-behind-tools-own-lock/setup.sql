-- Members of a sports club.
CREATE TABLE members (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name   text NOT NULL,
  email  text NOT NULL
);
INSERT INTO members (name, email) SELECT 'Member ' || n, 'member' || n || '@example.org' FROM generate_series(1, :rows) AS n;
