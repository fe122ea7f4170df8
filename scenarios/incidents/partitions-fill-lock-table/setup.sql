-- Readings of electricity meters, a partition for each day.
CREATE TABLE readings (
  id        bigint GENERATED ALWAYS AS IDENTITY,
  day       integer NOT NULL,
  meter     text NOT NULL,
  value     numeric NOT NULL,
  PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
CREATE INDEX readings_meter ON readings (meter, day);
CREATE INDEX readings_value ON readings (day, value);
SELECT format('CREATE TABLE readings_%s PARTITION OF readings FOR VALUES FROM (%s) TO (%s)', day, day, day + 1)
  FROM generate_series(1, 10) AS day
\gexec
INSERT INTO readings (day, meter, value)
  SELECT 1 + n % 10, 'M' || lpad((n * 7919 % 1000)::text, 4, '0'), n % 977 FROM generate_series(1, :rows) AS n;
