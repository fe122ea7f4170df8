-- Accounts, written to all the time.
CREATE TABLE accounts (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email  text NOT NULL
);
INSERT INTO accounts (email) SELECT 'account' || n || '@example.org' FROM generate_series(1, :rows) AS n;
