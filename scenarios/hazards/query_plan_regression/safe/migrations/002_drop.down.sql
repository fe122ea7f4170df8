CREATE INDEX CONCURRENTLY readings_meter_idx ON readings (meter);
