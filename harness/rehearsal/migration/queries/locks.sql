-- The relation locks a backend holds in this database, one row a relation and mode; 16384 is the first OID that is not
-- the system's own (FirstNormalObjectId).
SELECT l.relation::bigint, l.mode
FROM pg_locks l
WHERE l.pid = %(pid)s AND l.locktype = 'relation' AND l.granted AND l.mode <> 'SIReadLock'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation >= 16384
