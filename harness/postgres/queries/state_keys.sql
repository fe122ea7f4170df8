-- Columns of smallint and integer that are a primary key alone or part of a foreign key, with the type that the foreign key
-- refers to where it holds more; `indexed`: the highest value is at the end of an index.
WITH keys AS (
    SELECT k.conrelid, k.conkey[1] AS attnum, NULL::oid AS refers_to
    FROM pg_constraint k WHERE k.contype = 'p' AND cardinality(k.conkey) = 1 AND k.conparentid = 0
    UNION
    SELECT k.conrelid, pair.attnum, referred.atttypid
    FROM pg_constraint k, unnest(k.conkey, k.confkey) AS pair (attnum, refattnum), pg_attribute referred
    WHERE k.contype = 'f' AND k.conparentid = 0 AND referred.attrelid = k.confrelid AND referred.attnum = pair.refattnum
)
SELECT format('%I.%I', n.nspname, c.relname), n.nspname::text, c.relname::text, a.attname::text,
       format_type(a.atttypid, NULL),
       CASE a.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END,
       coalesce(max(format_type(k.refers_to, NULL)) FILTER (
           WHERE k.refers_to = 'int8'::regtype OR (k.refers_to = 'int4'::regtype AND a.atttypid = 'int2'::regtype)), ''),
       EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
               WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum
                     AND m.amname = 'btree')
FROM keys k
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.attnum AND a.atttypid IN ('int2'::regtype, 'int4'::regtype)
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
GROUP BY c.oid, n.nspname, c.relname, a.attnum, a.attname, a.atttypid
ORDER BY 1, 4
