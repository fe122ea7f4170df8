DROP INDEX CONCURRENTLY readings_time_idx;
