-- Foreign keys of these tables and of their partitions, each once, by the names of the columns.
SELECT DISTINCT ON (root.oid, key.columns, target.name, key.target_columns)
       root.oid, k.conname::text, key.columns, target.name, key.target_columns
  FROM pg_constraint k
 CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) AS oid) AS root
  JOIN pg_class t ON t.oid = k.confrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 CROSS JOIN LATERAL (SELECT n.nspname || '.' || t.relname AS name) AS target
 CROSS JOIN LATERAL (
       SELECT array_agg(a.attname::text ORDER BY p.place) AS columns,
              array_agg(b.attname::text ORDER BY p.place) AS target_columns
         FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS p (mine, theirs, place)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.mine
         JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = p.theirs) AS key
 WHERE k.contype = 'f' AND root.oid = ANY (%(tables)s)
   AND (k.conparentid = 0 OR NOT EXISTS (SELECT FROM pg_constraint o
                                          WHERE o.oid = k.conparentid AND o.confrelid <> k.confrelid))
 ORDER BY root.oid, key.columns, target.name, key.target_columns, k.conname
