CREATE INDEX CONCURRENTLY readings_meter_time_idx ON readings (meter, taken_at);
