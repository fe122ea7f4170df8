CREATE INDEX CONCURRENTLY meter_readings_disputed_idx ON meter_readings (meter) WHERE disputed;
