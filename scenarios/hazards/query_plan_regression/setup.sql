-- Readings of meters, and the index by which one meter's are found.
CREATE TABLE readings (
  id        integer PRIMARY KEY,
  meter     integer NOT NULL,
  taken_at  timestamptz NOT NULL,
  kwh       numeric(8,2) NOT NULL,
  remark    text NOT NULL
);
INSERT INTO readings (id, meter, taken_at, kwh, remark)
SELECT n, n % 15000, timestamptz '2025-01-01' + n * interval '1 minute', n % 900, repeat('r', 150)
FROM generate_series(1, :rows) AS n;
CREATE INDEX readings_meter_idx ON readings (meter);
ANALYZE readings;
