-- Indexes of tables: bytes and scans; the definition stays where it is, a predicate could quote a value.
SELECT n.nspname::text, t.relname::text, c.relname::text AS name, i.indisunique,
       pg_catalog.pg_relation_size(c.oid) AS bytes, c.relpages AS pages, coalesce(s.idx_scan, 0) AS scans
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_stat_user_indexes s ON s.indexrelid = c.oid
 WHERE t.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_'
   AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
 ORDER BY n.nspname, t.relname, c.relname
