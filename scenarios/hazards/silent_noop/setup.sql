-- Orders.
CREATE TABLE orders (id integer PRIMARY KEY, cents integer NOT NULL, delivery text);
INSERT INTO orders (id, cents) SELECT n, n % 9000 FROM generate_series(1, :rows) AS n;
