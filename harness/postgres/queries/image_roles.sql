-- Roles and memberships: cluster-wide, and a migration that makes one leaves it behind all the same. Never a password.
SELECT 'role', quote_ident(r.rolname),
       concat_ws(' ', CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN r.rolinherit THEN 'inherit' END,
                 CASE WHEN r.rolcreaterole THEN 'createrole' END, CASE WHEN r.rolcreatedb THEN 'createdb' END,
                 CASE WHEN r.rolcanlogin THEN 'login' END, CASE WHEN r.rolreplication THEN 'replication' END,
                 CASE WHEN r.rolbypassrls THEN 'bypassrls' END, 'connection limit ' || r.rolconnlimit,
                 'valid until ' || r.rolvaliduntil), 0
FROM pg_roles r
WHERE r.rolname !~ '^pg_'
UNION ALL
SELECT 'membership', format('%I in %I', member.rolname, granted.rolname),
       string_agg((to_jsonb(m) - '{oid,roleid,member,grantor}'::text[])::text || ' by ' || pg_get_userbyid(m.grantor),
                  ', ' ORDER BY pg_get_userbyid(m.grantor)), 0
FROM pg_auth_members m JOIN pg_roles member ON member.oid = m.member JOIN pg_roles granted ON granted.oid = m.roleid
WHERE member.rolname !~ '^pg_'
GROUP BY member.rolname, granted.rolname
