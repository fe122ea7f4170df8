-- Privileges that differ from the built-in default: a NULL acl and one that spells the default out mean the same.
WITH object AS (
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS class, c.oid::regclass::text AS identity, c.relacl AS acl,
           acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS standard, c.relnamespace AS namespace
    FROM pg_class c WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT 'column', format('%s.%I', a.attrelid::regclass, a.attname), a.attacl, NULL, c.relnamespace
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, p.proacl, acldefault('f', p.proowner), p.pronamespace
    FROM pg_proc p WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT 'type', t.oid::regtype::text, t.typacl, acldefault('T', t.typowner), t.typnamespace
    FROM pg_type t WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT 'schema', quote_ident(n.nspname), n.nspacl, acldefault('n', n.nspowner), n.oid
    FROM pg_namespace n WHERE n.nspacl IS NOT NULL
    UNION ALL
    SELECT 'database', 'database', d.datacl, acldefault('d', d.datdba), NULL
    FROM pg_database d WHERE d.datname = current_database() AND d.datacl IS NOT NULL
    UNION ALL
    SELECT 'language', quote_ident(l.lanname), l.lanacl, acldefault('l', l.lanowner), NULL
    FROM pg_language l WHERE l.lanacl IS NOT NULL
    UNION ALL
    SELECT 'foreign data wrapper', quote_ident(w.fdwname), w.fdwacl, acldefault('F', w.fdwowner), NULL
    FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL
    UNION ALL
    SELECT 'foreign server', quote_ident(s.srvname), s.srvacl, acldefault('S', s.srvowner), NULL
    FROM pg_foreign_server s WHERE s.srvacl IS NOT NULL
),
held AS (
    SELECT o.class, o.identity, e.grantor, e.grantee, e.privilege_type, e.is_grantable FROM object o, aclexplode(o.acl) e
),
usual AS (
    SELECT o.class, o.identity, e.grantor, e.grantee, e.privilege_type, e.is_grantable FROM object o, aclexplode(o.standard) e
),
difference AS (
    SELECT 'grant' AS kind, d.* FROM (TABLE held EXCEPT TABLE usual) AS d
    UNION ALL
    SELECT 'revoke', d.* FROM (TABLE usual EXCEPT TABLE held) AS d
)
SELECT d.kind, format('%s %s %s', d.class, d.identity,
                      CASE WHEN d.grantee = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(d.grantee)) END),
       string_agg(concat_ws(' ', d.privilege_type, CASE WHEN d.is_grantable THEN 'with grant option' END,
                            'by', quote_ident(pg_get_userbyid(d.grantor))),
                  ', ' ORDER BY d.privilege_type, pg_get_userbyid(d.grantor)), 0
FROM difference d
WHERE EXISTS (SELECT FROM object o LEFT JOIN pg_namespace n ON n.oid = o.namespace
              WHERE o.class = d.class AND o.identity = d.identity
                    AND (n.oid IS NULL
                         OR n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')))
GROUP BY d.kind, d.class, d.identity, d.grantee
UNION ALL
SELECT 'default privileges',
       concat_ws(' ', 'of', quote_ident(pg_get_userbyid(a.defaclrole)),
                 'in schema ' || (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.oid = a.defaclnamespace),
                 'on', CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                            WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE a.defaclobjtype::text END),
       (SELECT string_agg(item::text, ', ' ORDER BY item::text) FROM unnest(a.defaclacl) AS item), 0
FROM pg_default_acl a
