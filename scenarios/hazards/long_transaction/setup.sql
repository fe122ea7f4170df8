-- Visits to a museum.
CREATE TABLE visits (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hall     integer NOT NULL,
  minutes  integer NOT NULL
);
INSERT INTO visits (hall, minutes) SELECT n % 12, 5 + n % 90 FROM generate_series(1, :rows) AS n;
