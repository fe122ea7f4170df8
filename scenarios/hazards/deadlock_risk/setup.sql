-- Seats of a theatre and the reservations of them; the application takes the seat first, then the reservation.
CREATE TABLE seats (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  taken  boolean NOT NULL DEFAULT false
);
CREATE TABLE reservations (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seat_id     bigint NOT NULL,
  changed_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO seats (taken) SELECT n % 2 = 0 FROM generate_series(1, :rows) AS n;
INSERT INTO reservations (seat_id) SELECT n FROM generate_series(1, :rows) AS n;
