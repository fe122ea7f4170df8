DROP VIEW readings_by_meter;
CREATE VIEW readings_by_meter AS SELECT meter, sum(kwh) AS kwh FROM readings GROUP BY meter;
GRANT SELECT ON readings_by_meter TO meter_reports;
