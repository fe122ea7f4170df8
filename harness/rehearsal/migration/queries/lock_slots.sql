-- What the locks of a backend's transaction take of the shared lock table (manual, max_locks_per_transaction); fast-path
-- locks are kept in the backend's own memory.
SELECT count(*), count(*) FILTER (WHERE l.fastpath),
       current_setting('max_locks_per_transaction')::int, current_setting('max_connections')::int,
       current_setting('max_prepared_transactions')::int
FROM pg_locks l
WHERE l.pid = %(pid)s AND l.granted AND l.mode <> 'SIReadLock'
