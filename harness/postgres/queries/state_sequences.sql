-- Ascending sequences, each with the columns it feeds: owned (serial, identity) or called by a default. `indexed`: the
-- column's highest value is at the end of an index; `alone_unique`: the column is unique by itself.
WITH feeds AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
          AND d.refobjsubid > 0
          AND (d.deptype = 'i' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = d.refobjid
                                          AND a.attnum = d.refobjsubid AND a.atthasdef))
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum
    FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
)
SELECT format('%I.%I', sn.nspname, s.relname), sn.nspname::text, s.relname::text, q.seqincrement, q.seqmax, q.seqcycle,
       CASE WHEN c.oid IS NULL THEN '' ELSE format('%I.%I', n.nspname, c.relname) END,
       coalesce(n.nspname::text, ''), coalesce(c.relname::text, ''),
       coalesce(a.attname::text, ''),
       EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
               WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum
                     AND m.amname = 'btree'),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indisunique AND i.indpred IS NULL
               AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)
FROM pg_sequence q
JOIN pg_class s ON s.oid = q.seqrelid AND s.relpersistence <> 't' JOIN pg_namespace sn ON sn.oid = s.relnamespace
LEFT JOIN feeds f ON f.sequence = s.oid
LEFT JOIN pg_class c ON c.oid = f.relation AND c.relkind IN ('r', 'p') AND NOT c.relispartition
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.attnum
                            AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
WHERE q.seqincrement > 0 AND sn.nspname !~ '^pg_' AND sn.nspname NOT IN ('information_schema', 'rehearse_harness')
ORDER BY 1, 7, 10
