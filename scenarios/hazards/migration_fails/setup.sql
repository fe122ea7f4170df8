-- Sensors of a greenhouse and the view that the dashboard reads.
CREATE TABLE sensors (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bed      integer NOT NULL,
  celsius  numeric(4, 1) NOT NULL,
  battery  integer NOT NULL
);
INSERT INTO sensors (bed, celsius, battery) SELECT n % 40, 15 + n % 150 / 10.0, n % 101 FROM generate_series(1, :rows) AS n;
CREATE VIEW dashboard AS SELECT id, celsius FROM sensors;
