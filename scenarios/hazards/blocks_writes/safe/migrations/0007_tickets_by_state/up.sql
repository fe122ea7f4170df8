CREATE INDEX CONCURRENTLY tickets_by_state ON tickets (state, opened_at);
