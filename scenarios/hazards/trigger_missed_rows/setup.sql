-- People, and one column of what everybody is called.
CREATE TABLE people (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_name  text NOT NULL,
  last_name   text NOT NULL
);
INSERT INTO people (first_name, last_name)
SELECT 'Given ' || n, 'Family ' || n % 700 FROM generate_series(1, :rows) AS n;
