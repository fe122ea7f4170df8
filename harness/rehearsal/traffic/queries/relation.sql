-- Kind, estimated rows and pages of a relation, with all that inherit from it or are its partitions; its columns, and the
-- mean bytes of those wanted. No row where it does not exist. reltuples is −1 before the first ANALYZE.
WITH RECURSIVE tree (oid) AS (
    SELECT to_regclass(%(relation)s)::oid
    UNION ALL
    SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid
), size (rows, pages) AS (
    SELECT CASE WHEN bool_or(p.reltuples < 0) THEN -1 ELSE sum(p.reltuples) END::float8, sum(p.relpages)::int8
      FROM tree JOIN pg_class p USING (oid)
     WHERE p.relkind IN ('r', 'm')
), width (column_name, bytes) AS (
    SELECT s.attname, max(s.avg_width)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_stats s ON (s.schemaname, s.tablename) = (n.nspname, c.relname)
     WHERE c.oid = to_regclass(%(relation)s) AND s.attname = ANY (%(columns)s)
     GROUP BY 1
)
SELECT c.oid::int8, c.relkind::text, coalesce(size.rows, 0), coalesce(size.pages, 0),
       coalesce((SELECT sum(bytes) FROM width), 0)::int8,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
  FROM pg_class c, size
 WHERE c.oid = to_regclass(%(relation)s)
