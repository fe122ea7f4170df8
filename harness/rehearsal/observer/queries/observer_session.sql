-- The observer must never queue behind the migration, fill the log it reads, or be slowed down by a compiler.
SET lock_timeout = '250ms';
SET statement_timeout = '5s';
SET idle_in_transaction_session_timeout = '10s';
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_duration = off;
SET jit = off;
SET synchronous_commit = off;
SET default_transaction_read_only = on
