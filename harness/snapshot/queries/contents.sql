-- The tables that hold rows, how many by the statistics of the ANALYZE just done, and the bytes of the database.
SELECT count(*)::bigint,
       coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint,
       pg_catalog.pg_database_size(pg_catalog.current_database())::bigint
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
  AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
