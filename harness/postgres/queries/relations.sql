-- Every relation that holds data: tables, partitioned tables, materialized views, sequences, indexes, TOAST tables. Without
-- sizes no relation is opened: pg_relation_size would queue behind an AccessExclusiveLock.
SELECT c.oid::bigint, format('%%I.%%I', n.nspname, c.relname), c.relkind::text,
       coalesce(pg_relation_filenode(c.oid), 0)::bigint,
       coalesce(i.indrelid, owner.oid, 0)::bigint,
       CASE WHEN c.relispartition THEN coalesce(h.inhparent, 0) ELSE 0 END::bigint,
       c.reltuples::float8,
       CASE WHEN %(sizes)s THEN coalesce(pg_relation_size(c.oid), 0)
            ELSE c.relpages::bigint * current_setting('block_size')::bigint END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class owner ON c.relkind = 't' AND owner.reltoastrelid = c.oid
LEFT JOIN pg_inherits h ON h.inhrelid = c.oid AND c.relispartition
LEFT JOIN pg_class indexed ON indexed.oid = i.indrelid
LEFT JOIN pg_class toasted ON indexed.relkind = 't' AND toasted.reltoastrelid = indexed.oid
JOIN pg_namespace home ON home.oid = coalesce(toasted.relnamespace, owner.relnamespace, c.relnamespace)
WHERE c.relkind IN ('r', 'p', 'm', 'S', 'i', 'I', 't')
      AND home.nspname !~ '^pg_' AND home.nspname NOT IN ('information_schema', 'rehearse_harness')
ORDER BY 2
