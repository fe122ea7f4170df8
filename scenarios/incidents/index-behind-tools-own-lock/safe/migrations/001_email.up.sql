SET lock_timeout = '0'; -- nobody queues behind CONCURRENTLY
SET statement_timeout = '1500ms';
CREATE INDEX CONCURRENTLY members_email_idx ON members (email);
