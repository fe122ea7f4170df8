-- Foreign keys without a valid index that begins with the referencing columns, in whatever order among themselves.
SELECT format('%I.%I', nsp.nspname, rel.relname), con.conname::text
FROM pg_constraint AS con
JOIN pg_class AS rel ON rel.oid = con.conrelid
JOIN pg_namespace AS nsp ON nsp.oid = rel.relnamespace
WHERE con.contype = 'f'
  AND con.conparentid = 0
  AND nsp.nspname !~ '^pg_'
  AND nsp.nspname NOT IN ('information_schema', 'rehearse_harness')
  AND NOT EXISTS (
    SELECT FROM pg_index AS ind
    WHERE ind.indrelid = con.conrelid
      AND ind.indisvalid
      AND ind.indpred IS NULL
      AND ind.indnkeyatts >= cardinality(con.conkey)
      AND con.conkey <@ (ind.indkey::int2[])[0:cardinality(con.conkey) - 1]
  )
ORDER BY 1, 2
