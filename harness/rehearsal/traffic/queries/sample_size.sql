-- Kind and estimated rows of a relation; no row where it does not exist. reltuples is −1 before the first ANALYZE.
SELECT c.relkind::text, c.reltuples::float8,
       EXISTS (SELECT FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = %(column)s AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c
 WHERE c.oid = to_regclass(%(relation)s)
