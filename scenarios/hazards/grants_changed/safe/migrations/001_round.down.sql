CREATE OR REPLACE VIEW readings_by_meter AS SELECT meter, sum(kwh) AS kwh FROM readings GROUP BY meter;
