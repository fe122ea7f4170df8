-- Valid indexes of these tables: key columns ('' for an expression), every column that they depend on, and their kind.
SELECT i.indrelid, c.relname::text,
       ARRAY(SELECT coalesce(a.attname::text, '')
               FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
              WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns,
       ARRAY(SELECT a.attname::text
               FROM pg_attribute a
              WHERE a.attrelid = i.indrelid AND a.attnum > 0
                AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
                     OR EXISTS (SELECT FROM pg_depend d
                                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                                   AND d.refobjsubid = a.attnum
                                   AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)))
              ORDER BY a.attnum) AS involved,
       m.amname::text, i.indisunique, i.indisprimary, i.indisexclusion, i.indpred IS NOT NULL, NOT i.indimmediate
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
 WHERE i.indrelid = ANY (%(tables)s) AND i.indisvalid AND i.indislive
 ORDER BY i.indrelid, c.relname
