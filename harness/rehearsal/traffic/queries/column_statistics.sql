-- What pg_stats knows of a column, as text; of a table with partitions the rows of all. No row before the first ANALYZE.
SELECT t.typname::text, s.null_frac::float8,
       s.most_common_vals::text::text[], s.most_common_freqs::float8[], s.histogram_bounds::text::text[]
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %(column)s AND NOT a.attisdropped
  JOIN pg_type d ON d.oid = a.atttypid
  JOIN pg_type t ON t.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
  JOIN pg_stats s ON (s.schemaname, s.tablename, s.attname) = (n.nspname, c.relname, a.attname)
 WHERE c.oid = %(oid)s
 ORDER BY s.inherited DESC
 LIMIT 1
