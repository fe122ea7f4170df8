-- Log lines.
CREATE TABLE log_lines (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  level  text NOT NULL,
  line   text NOT NULL
);
INSERT INTO log_lines (level, line)
  SELECT (ARRAY['INFO', 'WARN', 'ERROR'])[1 + n % 3], repeat(md5(n::text), 6) FROM generate_series(1, :rows) AS n;
