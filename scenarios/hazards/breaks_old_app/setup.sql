-- Subscribers of a newsletter.
CREATE TABLE subscribers (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email  text NOT NULL UNIQUE,
  phone  text
);
INSERT INTO subscribers (email, phone)
  SELECT 'reader' || n || '@example.org', '+1-202-555-01' || lpad((n % 100)::text, 2, '0') FROM generate_series(1, :rows) AS n;
