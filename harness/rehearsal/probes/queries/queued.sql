-- Who waits for a lock, since when, behind whom. The start of a wait (pg_locks.waitstart, since version 14) may be null
-- for a moment after it began.
SELECT l.pid, l.locktype, l.mode, pg_blocking_pids(l.pid),
       ((to_jsonb(l) ->> 'waitstart')::timestamptz)::text,
       (extract(epoch FROM clock_timestamp() - (to_jsonb(l) ->> 'waitstart')::timestamptz) * 1e9)::bigint
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'client backend'
WHERE NOT l.granted AND l.pid <> pg_backend_pid()
