-- Primary key columns, in the key's order, of every ordinary or partitioned table outside of the system's schemas; without
-- keys that hold dates, times or intervals (typcategory D, T): their text depends on settings of the session that asks.
SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY k.place)
  FROM pg_constraint p
  JOIN pg_class c ON c.oid = p.conrelid AND c.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 CROSS JOIN LATERAL unnest(p.conkey) WITH ORDINALITY AS k (attnum, place)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE p.contype = 'p'
 GROUP BY 1, 2
HAVING bool_and(t.typcategory NOT IN ('D', 'T'))
