-- Functions, procedures, aggregates, triggers, rules and policies. What an extension brought is told by the extension.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.oid::regprocedure::text,
       concat_ws(' ', 'owner', quote_ident(pg_get_userbyid(p.proowner)),
                 CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
                      ELSE (SELECT (to_jsonb(a) - '{aggfnoid}'::text[])::text FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END),
       0
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'trigger', format('%I.%I.%I', n.nspname, c.relname, g.tgname),
       concat_ws(' ', pg_get_triggerdef(g.oid),
                 CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END), 0
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT g.tgisinternal AND n.nspname NOT IN ('rehearse_harness')
      AND g.tgfoid NOT IN (SELECT p.oid FROM pg_proc p JOIN pg_namespace h ON h.oid = p.pronamespace
                           WHERE h.nspname = 'rehearse_harness')
UNION ALL
-- A foreign key's own triggers are named by OID; only one that was switched off is worth telling.
SELECT 'trigger', format('%I.%I.%I of constraint %I', n.nspname, c.relname, p.proname, k.conname),
       string_agg(DISTINCT 'enabled ' || g.tgenabled::text, ', '), 0
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_constraint k ON k.oid = g.tgconstraint
WHERE g.tgisinternal AND g.tgenabled <> 'O'
GROUP BY n.nspname, c.relname, p.proname, k.conname
UNION ALL
SELECT 'rule', format('%I.%I.%I', n.nspname, c.relname, r.rulename),
       concat_ws(' ', pg_get_ruledef(r.oid), CASE WHEN r.ev_enabled <> 'O' THEN 'enabled ' || r.ev_enabled::text END), 0
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN'
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'policy', format('%I.%I.%I', n.nspname, c.relname, p.polname),
       concat_ws(' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, 'for', p.polcmd::text,
                 'to', (SELECT string_agg(CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END, ', '
                                          ORDER BY CASE WHEN role = 0 THEN '' ELSE pg_get_userbyid(role)::text END)
                        FROM unnest(p.polroles) AS role),
                 'using ' || pg_get_expr(p.polqual, p.polrelid),
                 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid)), 0
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
