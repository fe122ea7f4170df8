-- Readings of meters: an old, large table of few updates, so that VACUUM comes to it only to prevent wraparound.
CREATE TABLE readings (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter_id integer NOT NULL,
  read_on  date NOT NULL,
  kwh      integer NOT NULL
);
INSERT INTO readings (meter_id, read_on, kwh)
  SELECT 1 + n % 500, date '2026-01-01' + n % 300, n * 37 % 9000 FROM generate_series(1, :rows) AS n;
