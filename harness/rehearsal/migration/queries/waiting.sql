-- What a backend waits for: kind of lock, the relation where it is one, and the mode it asked for.
SELECT l.locktype, coalesce(l.relation, 0)::bigint, l.mode
FROM pg_locks l
WHERE l.pid = %(pid)s AND NOT l.granted
