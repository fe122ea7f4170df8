-- Tables of every kind, views, materialized views and sequences (their parameters; values are data).
WITH relation AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS identity,
           concat_ws(' ', 'owner ' || quote_ident(pg_get_userbyid(c.relowner)),
                     CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
                     'with (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) AS o) || ')',
                     'tablespace ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace),
                     'using ' || (SELECT quote_ident(a.amname) FROM pg_am a WHERE a.oid = c.relam AND a.amname <> 'heap')
           ) AS attributes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
)
SELECT CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' ELSE 'foreign table' END, r.identity,
       concat_ws(' ', r.attributes,
                 'partition by ' || pg_get_partkeydef(r.oid),
                 'inherits ' || (SELECT string_agg(i.inhparent::regclass::text
                                                   || CASE WHEN i.inhdetachpending THEN ' (detach pending)' ELSE '' END,
                                                   ', ' ORDER BY i.inhseqno)
                                 FROM pg_inherits i WHERE i.inhrelid = r.oid),
                 pg_get_expr(r.relpartbound, r.oid),
                 'of ' || nullif(r.reloftype, 0)::regtype::text,
                 CASE WHEN r.relrowsecurity THEN 'row level security' END,
                 CASE WHEN r.relforcerowsecurity THEN 'force row level security' END,
                 CASE r.relreplident WHEN 'n' THEN 'replica identity nothing' WHEN 'f' THEN 'replica identity full'
                                     WHEN 'i' THEN 'replica identity index' END,
                 'toast (' || (SELECT string_agg(o, ', ' ORDER BY o)
                               FROM pg_class t, unnest(t.reloptions) AS o WHERE t.oid = r.reltoastrelid) || ')',
                 (SELECT format('server %I options (%s)', s.srvname, array_to_string(f.ftoptions, ', '))
                  FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid)), 0
FROM relation r WHERE r.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, r.identity,
       concat_ws(' ', r.attributes, CASE WHEN r.relispopulated THEN NULL ELSE 'not populated' END,
                 (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                              'default ' || pg_get_expr(d.adbin, d.adrelid),
                                              CASE WHEN r.relkind = 'm' AND a.attstorage <> t.typstorage
                                                   THEN 'storage ' || a.attstorage::text END,
                                              CASE a.attcompression WHEN 'p' THEN 'compression pglz'
                                                                    WHEN 'l' THEN 'compression lz4' END,
                                              'statistics ' || nullif(a.attstattarget, -1),
                                              'set (' || array_to_string(a.attoptions, ', ') || ')'),
                                    ', ' ORDER BY a.attnum)
                  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                  WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
                 E'as\n' || pg_get_viewdef(r.oid)), 0
FROM relation r WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT 'sequence', r.identity,
       concat_ws(' ', r.attributes, 'as', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement,
                 'min', s.seqmin, 'max', s.seqmax, 'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END,
                 (SELECT format('owned by %s.%I', d.refobjid::regclass, a.attname)
                  FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
                        AND d.refclassid = 'pg_class'::regclass)), 0
FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
