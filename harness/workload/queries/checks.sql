-- The columns of each CHECK constraint of these tables and of their partitions.
SELECT DISTINCT root.oid, ARRAY(SELECT a.attname::text
                                  FROM pg_attribute a
                                 WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) ORDER BY 1) AS columns
  FROM pg_constraint k
 CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) AS oid) AS root
 WHERE k.contype = 'c' AND root.oid = ANY (%(tables)s)
 ORDER BY 1, 2
