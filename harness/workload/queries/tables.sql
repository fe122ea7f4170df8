-- Every table an application addresses (no partition, nothing of the system's, the harness's or an extension's) with its
-- rows, partition key and what the statistics counted, those of partitions included; reltuples is -1 before ANALYZE.
SELECT c.oid, n.nspname, c.relname, pg_table_is_visible(c.oid) AS visible,
       coalesce(leaves.rows, 0)::float8 AS rows,
       coalesce((SELECT array_agg(a.attname::text)
                   FROM pg_partitioned_table p
                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[])
                  WHERE p.partrelid = c.oid), '{}') AS partitioned_by,
       leaves.seq_scan, leaves.idx_scan, leaves.inserted, leaves.updated, leaves.deleted
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT sum(greatest(l.reltuples, 0)) AS rows,
              coalesce(sum(s.seq_scan), 0)::bigint AS seq_scan, coalesce(sum(s.idx_scan), 0)::bigint AS idx_scan,
              coalesce(sum(s.n_tup_ins), 0)::bigint AS inserted, coalesce(sum(s.n_tup_upd), 0)::bigint AS updated,
              coalesce(sum(s.n_tup_del), 0)::bigint AS deleted
         FROM (SELECT c.oid AS relid UNION SELECT relid::oid FROM pg_partition_tree(c.oid) WHERE isleaf) AS t
         JOIN pg_class l ON l.oid = t.relid AND l.relkind = 'r'
         LEFT JOIN pg_stat_user_tables s ON s.relid = l.oid) AS leaves
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
   AND has_table_privilege(c.oid, 'SELECT')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname
