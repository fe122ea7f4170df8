-- Whether a backend holds the lock of VACUUM and ANALYZE, on one table (or a partition of it), or on any.
SELECT EXISTS (
    SELECT FROM pg_locks l
     WHERE l.pid = %(pid)s AND l.locktype = 'relation' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
       AND (%(table)s = ''
            OR l.relation = to_regclass(%(table)s)
            OR l.relation IN (SELECT relid FROM pg_partition_tree(to_regclass(%(table)s)))))
