-- The relation a backend waits for, and the mode it asked for.
SELECT l.relation::bigint, l.mode
FROM pg_locks l
WHERE l.pid = %(pid)s AND l.locktype = 'relation' AND NOT l.granted AND l.relation >= 16384
