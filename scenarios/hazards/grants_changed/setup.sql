-- Readings of meters, which a reporting role may read.
CREATE ROLE meter_reports;
CREATE TABLE readings (id bigint PRIMARY KEY, meter integer NOT NULL, kwh numeric NOT NULL);
INSERT INTO readings SELECT n, n % 50, n % 900 FROM generate_series(1, :rows) AS n;
CREATE VIEW readings_by_meter AS SELECT meter, sum(kwh) AS kwh FROM readings GROUP BY meter;
GRANT SELECT ON readings_by_meter TO meter_reports;
