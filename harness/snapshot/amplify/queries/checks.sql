-- CHECK constraints of these tables, their expressions with bare column names.
SELECT k.conrelid, k.conname::text, pg_catalog.pg_get_expr(k.conbin, k.conrelid),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) ORDER BY a.attnum)
  FROM pg_catalog.pg_constraint k
 WHERE k.contype = 'c' AND k.convalidated AND k.conrelid = ANY (%(tables)s)
 ORDER BY k.conrelid, k.conname
