-- The type of a column, behind its domains, and the last value of the sequences that its default or identity takes from.
WITH RECURSIVE behind (oid, typmod) AS (
    SELECT a.atttypid, a.atttypmod FROM pg_attribute a WHERE a.attrelid = %(oid)s AND a.attname = %(column)s
    UNION ALL
    SELECT t.typbasetype, t.typtypmod FROM behind b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'd'
)
SELECT t.typname::text, b.typmod,
       (SELECT max(pg_sequence_last_value(q.oid))
          FROM pg_attribute a
          LEFT JOIN pg_attrdef e ON (e.adrelid, e.adnum) = (a.attrelid, a.attnum)
          JOIN pg_depend d
            ON (d.classid, d.refclassid, d.refobjid, d.refobjsubid)
               = ('pg_class'::regclass, 'pg_class'::regclass, a.attrelid, a.attnum) AND d.deptype IN ('a', 'i')
            OR (d.classid, d.objid, d.refclassid) = ('pg_attrdef'::regclass, e.oid, 'pg_class'::regclass)
          JOIN pg_class q ON q.relkind = 'S' AND q.oid IN (d.objid, d.refobjid)
         WHERE a.attrelid = %(oid)s AND a.attname = %(column)s)
  FROM behind b JOIN pg_type t ON t.oid = b.oid AND t.typtype <> 'd'
