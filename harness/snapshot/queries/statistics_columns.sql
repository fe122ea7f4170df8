-- What ANALYZE knows of columns, without a value: frequencies of the most common ones, and how many there are.
SELECT s.schemaname::text, s.tablename::text, s.attname::text AS name,
       s.null_frac::float8, s.avg_width, s.n_distinct::float8,
       coalesce(s.most_common_freqs::float8[], '{}') AS frequencies, s.correlation::float8
  FROM pg_catalog.pg_stats s
  JOIN pg_catalog.pg_class c ON c.relname = s.tablename AND s.inherited = (c.relkind = 'p')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
 ORDER BY s.schemaname, s.tablename, a.attnum
