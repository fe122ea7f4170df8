-- Indexes that cost writes and serve nothing: what CREATE INDEX CONCURRENTLY leaves when it fails. A partitioned index that
-- still waits for its partitions' indexes is invalid too and is not told: it holds nothing.
SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', tn.nspname, t.relname), i.indisready, i.indisunique
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i' JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE NOT i.indisvalid AND n.nspname !~ '^pg_' AND n.nspname <> 'rehearse_harness'
ORDER BY 1
