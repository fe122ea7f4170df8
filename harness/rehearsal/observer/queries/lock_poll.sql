-- Prepared and run by libpq directly; $1 is the database's OID, $2 the pids known not to be the migration's.
-- Granted relation locks of this database that count: strong ones of anybody, all of the migration and of sessions not
-- known yet; and every session that waits. Fast-path locks are in pg_locks too.
SELECT pid, coalesce(relation, 0)::bigint, mode, virtualtransaction, granted
  FROM pg_locks
 WHERE NOT granted
    OR (locktype = 'relation'
        AND database = $1::oid
        AND (mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
             OR pid <> ALL ($2::int[])))
