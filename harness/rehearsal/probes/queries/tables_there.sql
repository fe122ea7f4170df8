-- Of these relations (names), the tables that are there, of an index its table: qualified name, kind, schema, name, and
-- the partitioned tables above it.
SELECT w.name, format('%%I.%%I', n.nspname, c.relname), c.relkind::text, n.nspname, c.relname,
       ARRAY(SELECT format('%%I.%%I', an.nspname, ac.relname)
               FROM pg_partition_ancestors(c.oid) a
               JOIN pg_class ac ON ac.oid = a.relid
               JOIN pg_namespace an ON an.oid = ac.relnamespace
              WHERE a.relid <> c.oid)
FROM unnest(%(names)s::text[]) AS w(name)
LEFT JOIN pg_index i ON i.indexrelid = to_regclass(w.name)
JOIN pg_class c ON c.oid = coalesce(i.indrelid, to_regclass(w.name))
JOIN pg_namespace n ON n.oid = c.relnamespace
