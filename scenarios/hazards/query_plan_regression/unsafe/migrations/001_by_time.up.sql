CREATE INDEX CONCURRENTLY readings_time_idx ON readings (taken_at, meter);
