-- Calls of a phone company by month; February was loaded beside the partitioned table.
CREATE TABLE calls (
  caller   text NOT NULL,
  began_at timestamptz NOT NULL,
  seconds  integer NOT NULL
) PARTITION BY RANGE (began_at);
CREATE TABLE calls_2026_01 PARTITION OF calls FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
CREATE TABLE calls_2026_02 (
  caller   text NOT NULL,
  began_at timestamptz NOT NULL,
  seconds  integer NOT NULL
);
INSERT INTO calls_2026_01
  SELECT '+1-202-555-01' || lpad((n % 100)::text, 2, '0'), timestamptz '2026-01-01 00:00+00' + n % 40000 * interval '1 minute', n % 600
  FROM generate_series(1, :rows) AS n;
INSERT INTO calls_2026_02
  SELECT '+1-202-555-01' || lpad((n % 100)::text, 2, '0'), timestamptz '2026-02-01 00:00+00' + n % 40000 * interval '1 minute', n % 600
  FROM generate_series(1, :rows) AS n;
