-- Sessions of a web application.
CREATE TABLE sessions (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_agent  text NOT NULL,
  seen_at     timestamptz NOT NULL
);
INSERT INTO sessions (user_agent, seen_at)
  SELECT (ARRAY['Firefox/140', 'Mobile Safari/18', 'curl/8'])[1 + n % 3], timestamptz '2026-02-01 00:00+00' + n * interval '40 seconds'
  FROM generate_series(1, :rows) AS n;
