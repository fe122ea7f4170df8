-- Comments and security labels. 16384 is FirstNormalObjectId; schema public is older and can be commented on all the same.
SELECT 'comment', o.type || ' ' || o.identity, d.description, 0
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) AS o
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = to_regnamespace('public')))
      AND coalesce(o.schema, '') <> 'rehearse_harness' AND o.identity IS DISTINCT FROM 'rehearse_harness'
UNION ALL
SELECT 'comment', 'database', d.description, 0
FROM pg_shdescription d
WHERE d.classoid = 'pg_database'::regclass
      AND d.objoid = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT 'comment', 'role ' || quote_ident(r.rolname), d.description, 0
FROM pg_shdescription d JOIN pg_roles r ON r.oid = d.objoid
WHERE d.classoid = 'pg_authid'::regclass AND d.objoid >= 16384
UNION ALL
-- What is dropped with an extension (ALTER ... DEPENDS ON EXTENSION).
SELECT 'extension dependency', o.type || ' ' || o.identity || ' on ' || quote_ident(e.extname), '', 0
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid, pg_identify_object(d.classid, d.objid, d.objsubid) AS o
WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass
UNION ALL
SELECT 'security label', l.provider || ' ' || o.type || ' ' || o.identity, l.label, 0
FROM pg_seclabel l, pg_identify_object(l.classoid, l.objoid, l.objsubid) AS o
