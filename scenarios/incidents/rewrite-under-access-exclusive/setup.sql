-- Who is logged in: every request of the API reads a session, every login writes one.
CREATE TABLE login_sessions (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    integer NOT NULL,
  token      text NOT NULL,
  seen_at    timestamptz NOT NULL
);
INSERT INTO login_sessions (user_id, token, seen_at)
  SELECT 1 + n % 900, md5(n::text), timestamptz '2026-03-01 00:00+00' + n * interval '30 seconds' FROM generate_series(1, :rows) AS n;
CREATE UNIQUE INDEX login_sessions_token_key ON login_sessions (token);
CREATE INDEX login_sessions_user_idx ON login_sessions (user_id);
