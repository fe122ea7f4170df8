-- Events, a partition a day: as many relations as more than two years make.
CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, shop integer NOT NULL, kind text NOT NULL, cents integer NOT NULL)
  PARTITION BY RANGE (at);
SELECT format('CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
              day, date '2024-01-01' + day, date '2024-01-02' + day)
  FROM generate_series(0, :days - 1) AS day
\gexec
INSERT INTO events (id, at, shop, kind, cents)
SELECT n, date '2024-01-01' + n % :days, n % 50, 'kind ' || n % 7, 100 + n % 900 FROM generate_series(1, 20 * :days) AS n;
