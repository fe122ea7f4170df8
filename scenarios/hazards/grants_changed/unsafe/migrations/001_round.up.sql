DROP VIEW readings_by_meter;
CREATE VIEW readings_by_meter AS SELECT meter, round(sum(kwh)) AS kwh FROM readings GROUP BY meter;
