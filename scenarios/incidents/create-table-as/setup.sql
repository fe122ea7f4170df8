-- Rides of a bicycle hire.
CREATE TABLE rides (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  station  integer NOT NULL,
  seconds  integer NOT NULL
);
INSERT INTO rides (station, seconds) SELECT n % 300, 60 + n * 13 % 7000 FROM generate_series(1, :rows) AS n;
