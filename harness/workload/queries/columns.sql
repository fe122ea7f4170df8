-- Live columns of these tables, with domains resolved, what ANALYZE knows of them, and the sequence of their default.
WITH RECURSIVE resolved AS (
    SELECT t.oid AS type_oid, t.oid AS base, t.typtype, t.typbasetype, -1 AS typmod FROM pg_type t
     UNION ALL
    SELECT r.type_oid, b.oid, b.typtype, b.typbasetype, d.typtypmod
      FROM resolved r
      JOIN pg_type d ON d.oid = r.base AND d.typtype = 'd'
      JOIN pg_type b ON b.oid = d.typbasetype
)
SELECT a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod), b.typname::text, b.typcategory::text,
       CASE WHEN b.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, r.typmod) > 4
            THEN greatest(a.atttypmod, r.typmod) - 4 END AS length,
       a.attnotnull OR EXISTS (SELECT FROM pg_type t WHERE t.oid = a.atttypid AND t.typnotnull) AS not_null,
       a.attidentity::text, a.attgenerated <> '' AS generated,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS default_expression,
       coalesce(s.n_distinct, 0)::float8, coalesce(s.avg_width, 0), coalesce(s.null_frac, 0)::float8,
       (SELECT format('%%I.%%I', qn.nspname, q.relname)
          FROM pg_depend p
          JOIN pg_class q ON q.oid = CASE WHEN p.classid = 'pg_class'::regclass THEN p.objid ELSE p.refobjid END
           AND q.relkind = 'S'
          JOIN pg_namespace qn ON qn.oid = q.relnamespace
         WHERE (p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
                AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND a.attidentity <> '' AND p.deptype = 'i')
            OR (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
         LIMIT 1) AS sequence
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN resolved r ON r.type_oid = a.atttypid AND r.typtype <> 'd'
  JOIN pg_type b ON b.oid = r.base
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
   AND s.inherited = (c.relkind = 'p')
 WHERE a.attrelid = ANY (%(tables)s) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
