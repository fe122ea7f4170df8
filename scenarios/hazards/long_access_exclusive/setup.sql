-- Bookings of a hotel.
CREATE TABLE bookings (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room     integer NOT NULL,
  arrives  date NOT NULL,
  departs  date NOT NULL
);
INSERT INTO bookings (room, arrives, departs)
  SELECT 1 + n % 120, day, day + 1 + n % 6
  FROM generate_series(1, :rows) AS n CROSS JOIN LATERAL (SELECT date '2026-01-01' + n % 365 AS day) AS stay;
