-- Whether the sampler has looked once: it holds the advisory lock that says so.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND pid = %(pid)s AND classid = %(class)s::oid AND objid = %(backend)s::oid AND granted
)
