-- Pages that a VACUUM or ANALYZE of one table (its partitions included), or of all, has to go through.
SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint / current_setting('block_size')::int
  FROM pg_class c
 WHERE c.relkind IN ('r', 'm')
   AND (%(table)s = ''
        OR c.oid = to_regclass(%(table)s)
        OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass(%(table)s))))
