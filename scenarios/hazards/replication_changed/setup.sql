-- Stock that a search index follows through logical replication.
CREATE TABLE stock (id bigint PRIMARY KEY, shelf text NOT NULL, pieces integer NOT NULL);
INSERT INTO stock SELECT n, 'shelf ' || n % 40, n % 12 FROM generate_series(1, :rows) AS n;
CREATE PUBLICATION search_index FOR TABLE stock;
