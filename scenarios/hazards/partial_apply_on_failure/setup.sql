-- Flights with their seats; charter flights are overbooked on purpose.
CREATE TABLE flights (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  number   text NOT NULL,
  charter  boolean NOT NULL,
  seats    integer NOT NULL,
  sold     integer NOT NULL
);
INSERT INTO flights (number, charter, seats, sold)
  SELECT 'RH' || n, n % 50 = 0, 180, CASE WHEN n % 50 = 0 THEN 185 ELSE n % 181 END FROM generate_series(1, :rows) AS n;
