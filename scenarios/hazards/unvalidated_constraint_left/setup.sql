-- Weights of apples in grams.
CREATE TABLE apples (id bigint PRIMARY KEY, grams integer NOT NULL);
INSERT INTO apples SELECT n, 80 + n % 90 FROM generate_series(1, :rows) AS n;
