-- Tickets of a help desk.
CREATE TABLE tickets (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject    text NOT NULL,
  state      text NOT NULL,
  opened_at  timestamptz NOT NULL
);
INSERT INTO tickets (subject, state, opened_at)
  SELECT 'Printer ' || n || ' is on fire', (ARRAY['open', 'waiting', 'closed'])[1 + n % 3],
         timestamptz '2026-01-01 08:00+00' + n * interval '7 minutes'
  FROM generate_series(1, :rows) AS n;
