-- Every table with rows of its own (no partition, nothing of the system's, the harness's or an extension's), its bytes,
-- and how it is partitioned: r range, l list, h hash; a default partition takes what no other does.
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p' AS partitioned,
       coalesce(p.partstrat::text, '') AS strategy,
       coalesce(p.partdefid, 0) <> 0 AS has_default,
       coalesce((SELECT array_agg(a.attname::text)
                   FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[])), '{}') AS partition_columns,
       (SELECT coalesce(sum(pg_catalog.pg_table_size(t.relid)), 0)::bigint
          FROM (SELECT c.oid AS relid UNION SELECT relid::oid FROM pg_catalog.pg_partition_tree(c.oid)) AS t) AS bytes
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname
