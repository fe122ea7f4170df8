-- Events of a web shop; the application never stops inserting them.
CREATE TABLE events (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  page   text NOT NULL,
  at     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO events (page) SELECT '/goods/' || n % 300 FROM generate_series(1, :rows) AS n;
