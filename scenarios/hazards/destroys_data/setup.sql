-- Exports that the application made itself until last year; nothing reads them any more, says the team.
CREATE TABLE exports (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, requested_by text NOT NULL);
CREATE TABLE old_exports (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  requested_by  text NOT NULL,
  bytes         bigint NOT NULL
);
INSERT INTO exports (requested_by) SELECT 'user' || n % 70 FROM generate_series(1, :rows) AS n;
INSERT INTO old_exports (requested_by, bytes) SELECT 'user' || n % 70, n * 1000 FROM generate_series(1, :rows) AS n;
