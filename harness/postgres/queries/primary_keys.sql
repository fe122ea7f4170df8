-- Qualified name and key columns, in key order, of every table with a primary key.
SELECT format('%I.%I', nsp.nspname, rel.relname),
       array_agg(att.attname::text ORDER BY keys.rank)
FROM pg_index AS ind
JOIN pg_class AS rel ON rel.oid = ind.indrelid
JOIN pg_namespace AS nsp ON nsp.oid = rel.relnamespace
CROSS JOIN LATERAL unnest(ind.indkey::int2[]) WITH ORDINALITY AS keys (attnum, rank)
JOIN pg_attribute AS att ON att.attrelid = rel.oid AND att.attnum = keys.attnum
WHERE ind.indisprimary
  AND nsp.nspname !~ '^pg_'
  AND nsp.nspname <> 'information_schema'
GROUP BY 1
