-- Prepared and run by libpq directly; $1 is the database's OID, $2 the pids known not to be the migration's.
-- Granted relation locks of this database that count: strong ones of anybody, all of the migration and of sessions not
-- known yet; their advisory locks, by key; and every session that waits, since when. Fast-path locks are in pg_locks too.
SELECT pid, coalesce(relation, 0)::bigint, mode, virtualtransaction, granted, locktype,
       CASE WHEN NOT granted THEN (extract(epoch FROM waitstart) * 1000000)::bigint END,
       CASE WHEN locktype <> 'advisory' THEN ''
            WHEN objsubid = 1 THEN (classid::bigint << 32 | objid::bigint)::text
            ELSE classid::text || ',' || objid::text END
  FROM pg_locks
 WHERE NOT granted
    OR (locktype = 'relation'
        AND database = $1::oid
        AND (mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
             OR pid <> ALL ($2::int[])))
    OR (locktype = 'advisory' AND database = $1::oid AND pid <> ALL ($2::int[]))
