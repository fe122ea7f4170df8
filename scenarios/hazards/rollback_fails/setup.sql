-- Tickets of a help desk.
CREATE TABLE tickets (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject  text NOT NULL,
  closed   boolean NOT NULL
);
INSERT INTO tickets (subject, closed) SELECT 'No tone on line ' || n, n % 3 = 0 FROM generate_series(1, :rows) AS n;
