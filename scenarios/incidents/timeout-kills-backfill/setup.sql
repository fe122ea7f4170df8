-- Subscriptions of a newspaper.
CREATE TABLE subscriptions (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  postcode  text NOT NULL,
  copies    integer NOT NULL DEFAULT 1
);
INSERT INTO subscriptions (postcode) SELECT 'D-' || lpad((n * 7919 % 100000)::text, 5, '0') FROM generate_series(1, :rows) AS n;
