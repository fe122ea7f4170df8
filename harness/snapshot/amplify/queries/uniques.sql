-- What may not occur twice, by the names of the columns, of these tables and of their partitions: unique indexes with
-- their key columns (and those inside of expressions), and exclusions with the columns that they compare for equality.
SELECT DISTINCT ON (root.oid, key.columns) root.oid, c.relname::text, key.columns
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
 CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.pg_partition_root(i.indrelid)::oid, i.indrelid) AS oid) AS root
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conexclop IS NOT NULL
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(a.attname::text ORDER BY a.attname), '{}') AS columns
         FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0
          AND (EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS p (attnum, place)
                        WHERE p.attnum = a.attnum AND p.place <= i.indnkeyatts
                          AND (k.oid IS NULL
                               OR (SELECT o.oprname = '=' FROM pg_catalog.pg_operator o
                                    WHERE o.oid = k.conexclop[p.place])))
               OR (i.indexprs IS NOT NULL AND k.oid IS NULL
                   AND EXISTS (SELECT FROM pg_catalog.pg_depend d
                                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
                                  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid
                                  AND d.refobjsubid = a.attnum)))) AS key
 WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND i.indislive AND root.oid = ANY (%(tables)s)
 ORDER BY root.oid, key.columns, c.relname
