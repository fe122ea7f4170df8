-- The autovacuum worker that vacuums the table to prevent wraparound, its lock granted.
SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
 WHERE a.backend_type = 'autovacuum worker' AND a.query LIKE '%%(to prevent wraparound)'
   AND l.relation = %(table)s::regclass AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
