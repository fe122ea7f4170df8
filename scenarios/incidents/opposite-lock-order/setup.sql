-- Accounts and their cards; the deploy before has given both a currency to fill. A payment changes the account, then the card.
CREATE TABLE accounts (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  cents     bigint NOT NULL,
  currency  text
);
CREATE TABLE cards (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  used      integer NOT NULL DEFAULT 0,
  currency  text
);
INSERT INTO accounts (cents) SELECT n * 37 % 90000 FROM generate_series(1, :rows) AS n;
INSERT INTO cards (used) SELECT n % 12 FROM generate_series(1, :rows) AS n;
