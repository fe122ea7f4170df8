-- Who stands in the way of a session, the lock queue included, and what each of them holds on what it waits for.
SELECT blocker.pid,
       coalesce(a.state, ''),
       coalesce(nullif(a.query, ''), a.backend_type, ''),
       (extract(epoch FROM a.xact_start) * 1000000)::bigint,
       coalesce((SELECT array_agg(l.mode)
                   FROM pg_locks l
                   JOIN pg_locks wanted ON wanted.pid = %(pid)s AND NOT wanted.granted
                  WHERE l.pid = blocker.pid AND l.granted AND l.locktype = 'relation'
                    AND l.relation = wanted.relation AND l.database = wanted.database), '{}')
  FROM unnest(pg_blocking_pids(%(pid)s)) AS blocker(pid)
  LEFT JOIN pg_stat_activity a ON a.pid = blocker.pid
