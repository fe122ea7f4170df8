-- pg_dump's session once it has its tables and waits for its own client: pid, and since when nothing has changed.
SELECT a.pid, extract(epoch FROM clock_timestamp() - a.state_change)
  FROM pg_stat_activity a
 WHERE a.application_name = %(name)s AND a.pid <> ALL (%(ours)s) AND a.wait_event_type = 'Client'
   AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted
                  AND l.mode = 'AccessShareLock' AND (l.relation >= 16384 OR NOT %(tables)s))
