-- Bookings of a hotel. The deploy before has proven that each has a guest, so that SET NOT NULL need not read the table.
CREATE TABLE bookings (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room   integer NOT NULL,
  guest  text,
  CONSTRAINT bookings_have_a_guest CHECK (guest IS NOT NULL)
);
INSERT INTO bookings (room, guest) SELECT 1 + n % 240, 'Guest ' || n FROM generate_series(1, :rows) AS n;
