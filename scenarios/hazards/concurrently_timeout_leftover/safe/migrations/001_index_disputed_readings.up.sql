SET lock_timeout = '0'; -- nobody queues behind CONCURRENTLY
CREATE INDEX CONCURRENTLY meter_readings_disputed_idx ON meter_readings (meter) WHERE disputed;
