-- Clicks, a partition for each of many days.
CREATE TABLE clicks (id bigint NOT NULL, day integer NOT NULL, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
SELECT format('CREATE TABLE clicks_%s PARTITION OF clicks FOR VALUES IN (%s)', n, n) FROM generate_series(1, :rows) AS n
\gexec
INSERT INTO clicks SELECT n, 1 + n % 40 FROM generate_series(1, 2000) AS n;
