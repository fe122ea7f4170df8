DROP INDEX CONCURRENTLY readings_meter_idx;
