SET lock_timeout = '0'; -- nobody queues behind CONCURRENTLY
SET statement_timeout = '1500ms'; -- hours, where it happened
CREATE INDEX CONCURRENTLY members_email_idx ON members (email);
