-- Schemas, extensions, languages' event triggers, the database itself and its settings. kind, identity, definition, position.
SELECT 'schema', quote_ident(n.nspname), 'owner ' || quote_ident(pg_get_userbyid(n.nspowner)), 0
FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'extension', quote_ident(e.extname), format('version %s schema %I', e.extversion, n.nspname), 0
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT 'event trigger', quote_ident(t.evtname),
       concat_ws(' ', 'on', t.evtevent, 'execute', t.evtfoid::regprocedure, 'enabled', t.evtenabled,
                 'tags', array_to_string(t.evttags, ','), 'owner', quote_ident(pg_get_userbyid(t.evtowner))), 0
FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname <> 'rehearse_harness'
UNION ALL
-- The database's own name is left out: a clone made from a template has another one.
SELECT 'database', 'database', format('owner %s connection limit %s', pg_get_userbyid(d.datdba), d.datconnlimit), 0
FROM pg_database d WHERE d.datname = current_database()
UNION ALL
SELECT 'setting',
       concat_ws(' ', CASE WHEN s.setdatabase = 0 THEN 'all databases' ELSE 'database' END,
                 CASE WHEN s.setrole = 0 THEN NULL ELSE 'role ' || pg_get_userbyid(s.setrole) END),
       (SELECT string_agg(setting, E'\n' ORDER BY setting) FROM unnest(s.setconfig) AS setting), 0
FROM pg_db_role_setting s
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
