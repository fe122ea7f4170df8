-- Granted relation locks of this database that count: strong ones of anybody, all of the migration and of sessions not
-- known yet; and every session that waits. Fast-path locks are in pg_locks too.
SELECT pid, coalesce(relation, 0)::bigint, mode, virtualtransaction, granted
  FROM pg_locks
 WHERE NOT granted
    OR (locktype = 'relation'
        AND database = %(database)s
        AND (mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
             OR pid <> ALL (%(others)s)))
