DROP INDEX CONCURRENTLY tickets_by_state;
