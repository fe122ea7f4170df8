-- Foreign keys of these tables and of their partitions, by the names of the columns; whether each is known to hold for
-- every row. One with PERIOD (18) compares ranges, not values, and is not among those that are looked up.
SELECT DISTINCT ON (root.oid, key.columns, target.oid, key.target_columns)
       root.oid, k.conname::text, key.columns, target.oid, key.target_columns,
       k.convalidated AND coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false) IS FALSE AS proven
  FROM pg_catalog.pg_constraint k
 CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.pg_partition_root(k.conrelid)::oid, k.conrelid) AS oid) AS root
 CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.pg_partition_root(k.confrelid)::oid, k.confrelid) AS oid) AS target
 CROSS JOIN LATERAL (
       SELECT array_agg(a.attname::text ORDER BY p.place) AS columns,
              array_agg(b.attname::text ORDER BY p.place) AS target_columns
         FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS p (mine, theirs, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.mine
         JOIN pg_catalog.pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = p.theirs) AS key
 WHERE k.contype = 'f' AND root.oid = ANY (%(tables)s) AND target.oid = ANY (%(tables)s)
 ORDER BY root.oid, key.columns, target.oid, key.target_columns, k.conname
