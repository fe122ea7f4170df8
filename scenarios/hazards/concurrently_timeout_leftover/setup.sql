-- Readings of meters, some of them disputed.
CREATE TABLE meter_readings (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter     bigint NOT NULL,
  disputed  boolean NOT NULL DEFAULT false
);
INSERT INTO meter_readings (meter, disputed)
  SELECT 1 + n % 400, n % 90 = 0 FROM generate_series(1, :rows) AS n;
