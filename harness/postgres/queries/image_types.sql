-- Types of their own (not the row types of tables, not the array types), and rarer objects by their existence.
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range type'
                      ELSE 'type' END,
       format('%I.%I', n.nspname, t.typname),
       concat_ws(' ', 'owner ' || pg_get_userbyid(t.typowner),
                 (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                  FROM pg_enum e WHERE e.enumtypid = t.oid),
                 CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
                 CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
                      THEN 'collate ' || t.typcollation::regcollation::text END,
                 CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault,
                 (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                  FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
                 'subtype ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid)), 0
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.typtype IN ('e', 'd', 'c', 'r', 'b')
      AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
      AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
-- 16384 is FirstNormalObjectId: everything below was made by initdb.
SELECT o.type, o.identity, rare.definition, 0
FROM (
    SELECT 'pg_collation'::regclass AS class, oid, (to_jsonb(x) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text
        FROM pg_collation x
    UNION ALL SELECT 'pg_conversion'::regclass, oid, '' FROM pg_conversion
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprcode::regprocedure::text FROM pg_operator WHERE oprcode <> 0
    UNION ALL SELECT 'pg_opclass'::regclass, oid, CASE WHEN opcdefault THEN 'default' ELSE '' END FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, '' FROM pg_opfamily
    UNION ALL SELECT 'pg_cast'::regclass, oid, castcontext::text || castmethod::text FROM pg_cast
    UNION ALL SELECT 'pg_language'::regclass, oid, '' FROM pg_language
    UNION ALL SELECT 'pg_transform'::regclass, oid, '' FROM pg_transform
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, '' FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, coalesce(dictinitoption, '') FROM pg_ts_dict
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, '' FROM pg_foreign_data_wrapper
    -- Options of servers and user mappings can hold credentials: names only.
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid,
        (SELECT coalesce(string_agg(split_part(o, '=', 1), ', ' ORDER BY o), '') FROM unnest(srvoptions) AS o)
        FROM pg_foreign_server
    UNION ALL SELECT 'pg_user_mapping'::regclass, oid, '' FROM pg_user_mapping
) AS rare (class, oid, definition), pg_identify_object(rare.class, rare.oid, 0) AS o
WHERE rare.oid >= 16384
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = rare.class AND d.objid = rare.oid AND d.deptype = 'e')
