-- Let the indexes of these tables, and of their partitions, rest: rows that come are not put into them until each is
-- rebuilt by REINDEX, which makes it ready and valid again (index.c). Those that are not valid now stay as they are.
UPDATE pg_catalog.pg_index AS i
   SET indisready = false, indisvalid = false
  FROM pg_catalog.pg_class AS c, pg_catalog.pg_namespace AS n
 WHERE c.oid = i.indexrelid AND n.oid = c.relnamespace AND c.relkind = 'i'
   AND i.indisready AND i.indisvalid AND i.indislive
   AND i.indrelid IN (SELECT t.table_oid FROM unnest(%(tables)s::regclass[]) AS t (table_oid)
                       UNION SELECT p.relid
                        FROM unnest(%(tables)s::regclass[]) AS t (table_oid), pg_catalog.pg_partition_tree(t.table_oid) AS p)
RETURNING n.nspname::text, c.relname::text
