-- Letters of a post office.
CREATE TABLE letters (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  postcode  text NOT NULL,
  posted_on date NOT NULL
);
INSERT INTO letters (postcode, posted_on)
  SELECT lpad((n * 7919 % 100000)::text, 5, '0'), date '2026-05-01' + n % 30 FROM generate_series(1, :rows) AS n;
