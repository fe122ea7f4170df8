-- Readings that meters send.
CREATE TABLE readings (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter_id integer NOT NULL,
  taken_at timestamptz NOT NULL,
  kwh      numeric(12, 3) NOT NULL
);
INSERT INTO readings (meter_id, taken_at, kwh)
  SELECT 1 + n % 50, timestamptz '2026-03-01 00:00+00' + n * interval '15 minutes', n * 0.125
  FROM generate_series(1, :rows) AS n;
