-- Every relation that can be locked, or those asked for, with the table an index or TOAST table belongs to.
-- pg_table_size opens the relation (AccessShareLock), so it is only asked for while nothing can be in its way.
SELECT c.oid::bigint,
       format('%%I.%%I', n.nspname, c.relname),
       c.relname::text,
       c.relkind::text,
       CASE WHEN owner.oid IS NOT NULL THEN format('%%I.%%I', owner_schema.nspname, owner.relname) ELSE '' END,
       CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END,
       CASE WHEN c.relkind NOT IN ('r', 'm', 'i', 't', 'S') THEN NULL
            WHEN %(measure)s THEN pg_table_size(c.oid)
            ELSE c.relpages::bigint * current_setting('block_size')::bigint END,
       n.nspname = 'information_schema' OR n.nspname = 'rehearse_harness'
         OR (n.nspname ~ '^pg_' AND n.nspname !~ '^pg_toast') OR (n.nspname ~ '^pg_toast' AND c.oid < 16384)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_class toasted ON toasted.reltoastrelid = coalesce(i.indrelid, c.oid) AND toasted.reltoastrelid <> 0
  LEFT JOIN pg_class owner ON owner.oid = coalesce(toasted.oid, i.indrelid)
  LEFT JOIN pg_namespace owner_schema ON owner_schema.oid = owner.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I', 't', 'S', 'v', 'f')
   AND (%(oids)s::oid[] IS NULL OR c.oid = ANY (%(oids)s::oid[]))
