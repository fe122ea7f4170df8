-- Rows and bytes of the heap and its TOAST as the last VACUUM or ANALYZE wrote them down: pg_table_size would wait
-- behind a lock.
SELECT n.nspname || '.' || c.relname,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END,
       (c.relpages::bigint + coalesce(t.relpages, 0)) * current_setting('block_size')::bigint
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
WHERE c.relkind = 'r'
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1
