-- Columns of these tables with domains resolved; the columns a generated one is made of; the sequences that feed each
-- (identity, owned, or in the default), as SQL writes them, with the most each gives.
WITH RECURSIVE resolved AS (
    SELECT t.oid AS type_oid, t.oid AS base, t.typtype, t.typbasetype, -1 AS typmod FROM pg_catalog.pg_type t
     UNION ALL
    SELECT r.type_oid, b.oid, b.typtype, b.typbasetype, d.typtypmod
      FROM resolved r
      JOIN pg_catalog.pg_type d ON d.oid = r.base AND d.typtype = 'd'
      JOIN pg_catalog.pg_type b ON b.oid = d.typbasetype
)
SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), b.typname::text,
       b.typcategory::text,
       CASE WHEN b.typname IN ('varchar', 'bpchar') AND m.typmod > 4 THEN m.typmod - 4 END AS max_length,
       CASE b.typname
            WHEN 'int2' THEN 32767
            WHEN 'int4' THEN 2147483647
            WHEN 'int8' THEN 9223372036854775807
            WHEN 'numeric' THEN
                CASE WHEN m.typmod > 4 THEN power(10::numeric, ((m.typmod - 4) >> 16) - ((m.typmod - 4) & 2047)) - 1 END
       END AS greatest_value,
       a.attgenerated <> '' AS generated,
       CASE WHEN a.attgenerated <> '' THEN
            ARRAY(SELECT s.attname::text
                    FROM pg_catalog.pg_depend p
                    JOIN pg_catalog.pg_attribute s ON s.attrelid = a.attrelid AND s.attnum = p.refobjsubid
                   WHERE p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
                     AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = a.attrelid
                     AND p.refobjsubid NOT IN (0, a.attnum))
            ELSE '{}' END AS made_of,
       ARRAY(SELECT DISTINCT pg_catalog.format('%%I.%%I', qn.nspname, q.relname)
               FROM pg_catalog.pg_depend p
               JOIN pg_catalog.pg_class q
                 ON q.relkind = 'S'
                AND q.oid = CASE WHEN p.classid = 'pg_catalog.pg_class'::regclass THEN p.objid ELSE p.refobjid END
               JOIN pg_catalog.pg_namespace qn ON qn.oid = q.relnamespace
               JOIN pg_catalog.pg_sequence s ON s.seqrelid = q.oid AND s.seqincrement > 0
              WHERE (p.classid = 'pg_catalog.pg_class'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass
                     AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i'))
                 OR (p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
                     AND p.refclassid = 'pg_catalog.pg_class'::regclass)) AS sequences
  FROM pg_catalog.pg_attribute a
  JOIN resolved r ON r.type_oid = a.atttypid AND r.typtype <> 'd'
  JOIN pg_catalog.pg_type b ON b.oid = r.base
 CROSS JOIN LATERAL (SELECT greatest(a.atttypmod, r.typmod) AS typmod) AS m
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = ANY (%(tables)s) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
