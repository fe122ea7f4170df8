SELECT pg_cancel_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
 WHERE a.backend_type = 'autovacuum worker' AND a.query LIKE '%%(to prevent wraparound)'
   AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
   AND l.relation IN (SELECT unnest(ARRAY[c.oid, c.reltoastrelid]) FROM pg_class c WHERE c.oid = to_regclass(%(table)s))
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
