-- Constraints of tables and domains (NOT NULL is told with the column), indexes and extended statistics.
SELECT 'constraint', format('%s.%I', CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text
                                          ELSE k.contypid::regtype::text END, k.conname),
       concat_ws(' ', pg_get_constraintdef(k.oid),
                 CASE WHEN k.coninhcount > 0 THEN 'inherited' || CASE WHEN k.conislocal THEN ' and local' ELSE '' END END), 0
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND (k.conrelid <> 0 OR k.contypid <> 0)
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'index', format('%I.%I', n.nspname, c.relname),
       concat_ws(' ', pg_get_indexdef(c.oid),
                 'tablespace ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace),
                 CASE WHEN NOT i.indisvalid THEN 'invalid' END, CASE WHEN NOT i.indisready THEN 'not ready' END,
                 CASE WHEN NOT i.indislive THEN 'not live' END, CASE WHEN NOT i.indimmediate THEN 'deferred' END,
                 CASE WHEN i.indisclustered THEN 'clustered on' END, CASE WHEN i.indisreplident THEN 'replica identity' END,
                 'partition of ' || (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = c.oid),
                 'statistics ' || (SELECT string_agg(a.attnum || ':' || a.attstattarget, ',' ORDER BY a.attnum)
                                   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0)), 0
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'statistics', format('%I.%I', n.nspname, s.stxname),
       concat_ws(' ', pg_get_statisticsobjdef(s.oid), 'target ' || nullif(s.stxstattarget, -1),
                 'owner ' || quote_ident(pg_get_userbyid(s.stxowner))), 0
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE n.nspname NOT IN ('rehearse_harness')
