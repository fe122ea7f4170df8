CREATE INDEX tickets_by_state ON tickets (state, opened_at);
