-- Members of a library; some cards were given out twice.
CREATE TABLE members (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name  text NOT NULL,
  card  text NOT NULL
);
INSERT INTO members (name, card)
  SELECT 'Member ' || n, 'C' || lpad((CASE WHEN n % 200 = 0 THEN n - 1 ELSE n END)::text, 7, '0') FROM generate_series(1, :rows) AS n;
