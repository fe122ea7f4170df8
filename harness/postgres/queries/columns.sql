-- Every live column of every table: the table's oid and qualified name, the column's number and name, and whether the
-- statistics say that it holds nothing but NULL.
SELECT rel.oid::bigint,
       format('%I.%I', nsp.nspname, rel.relname),
       att.attnum::int,
       att.attname::text,
       coalesce(sta.stanullfrac, 0) >= 1
FROM pg_class AS rel
JOIN pg_namespace AS nsp ON nsp.oid = rel.relnamespace
JOIN pg_attribute AS att ON att.attrelid = rel.oid AND att.attnum > 0 AND NOT att.attisdropped
LEFT JOIN pg_statistic AS sta ON sta.starelid = rel.oid AND sta.staattnum = att.attnum AND NOT sta.stainherit
WHERE rel.relkind = 'r'
  AND rel.relpersistence <> 't'
  AND nsp.nspname !~ '^pg_'
  AND nsp.nspname NOT IN ('information_schema', 'rehearse_harness')
