-- Partitions that DETACH PARTITION CONCURRENTLY left half detached (since version 14).
SELECT 'partition left half detached', format('%I.%I', n.nspname, c.relname)
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE h.inhdetachpending
