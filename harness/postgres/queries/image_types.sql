-- Types of their own (not the row types of tables, not the array types), and rarer objects by their existence.
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range type'
                      ELSE 'type' END,
       format('%I.%I', n.nspname, t.typname),
       concat_ws(' ', 'owner ' || quote_ident(pg_get_userbyid(t.typowner)),
                 (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                  FROM pg_enum e WHERE e.enumtypid = t.oid),
                 CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
                 CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
                      THEN 'collate ' || t.typcollation::regcollation::text END,
                 CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault,
                 (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                              CASE WHEN a.attcollation <> e.typcollation
                                                   THEN 'collate ' || a.attcollation::regcollation::text END),
                                    ', ' ORDER BY a.attnum)
                  FROM pg_attribute a JOIN pg_type e ON e.oid = a.atttypid
                  WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
                 'subtype ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid)), 0
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.typtype IN ('e', 'd', 'c', 'r', 'b')
      AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
      AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
-- 16384 is FirstNormalObjectId: everything below was made by initdb.
SELECT o.type, o.identity,
       concat_ws(' ', 'owner ' || quote_ident(pg_get_userbyid(rare.owner)), nullif(rare.definition, '')), 0
FROM (
    SELECT 'pg_collation'::regclass AS class, oid, collowner,
           (to_jsonb(x) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text
        FROM pg_collation x
    UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner, CASE WHEN condefault THEN 'default' END FROM pg_conversion
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner,
        concat_ws(' ', oprcode::regprocedure, nullif(oprrest, 0)::regproc, nullif(oprjoin, 0)::regproc)
        FROM pg_operator WHERE oprcode <> 0
    UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner, CASE WHEN opcdefault THEN 'default' END FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, f.oid, f.opfowner,
        concat_ws(' ', (SELECT string_agg(m.amopstrategy || ' ' || m.amopopr::regoperator, ', '
                                          ORDER BY m.amopstrategy, m.amopopr::regoperator::text)
                        FROM pg_amop m WHERE m.amopfamily = f.oid),
                  (SELECT string_agg(m.amprocnum || ' ' || m.amproc::regprocedure, ', '
                                     ORDER BY m.amprocnum, m.amproc::regprocedure::text)
                   FROM pg_amproc m WHERE m.amprocfamily = f.oid))
        FROM pg_opfamily f
    UNION ALL SELECT 'pg_cast'::regclass, oid, NULL,
        concat_ws(' ', castcontext::text || castmethod::text, nullif(castfunc, 0)::regprocedure) FROM pg_cast
    UNION ALL SELECT 'pg_language'::regclass, oid, lanowner, CASE WHEN lanpltrusted THEN 'trusted' END FROM pg_language
    UNION ALL SELECT 'pg_transform'::regclass, oid, NULL, '' FROM pg_transform
    UNION ALL SELECT 'pg_am'::regclass, oid, NULL, amhandler::text FROM pg_am
    UNION ALL SELECT 'pg_ts_config'::regclass, c.oid, c.cfgowner,
        (SELECT string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', ' ORDER BY m.maptokentype, m.mapseqno)
         FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)
        FROM pg_ts_config c
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner, dictinitoption FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid, NULL, '' FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid, NULL, '' FROM pg_ts_template
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner, '' FROM pg_foreign_data_wrapper
    -- Options of servers and user mappings can hold credentials: names only.
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner,
        (SELECT coalesce(string_agg(split_part(o, '=', 1), ', ' ORDER BY o), '') FROM unnest(srvoptions) AS o)
        FROM pg_foreign_server
    UNION ALL SELECT 'pg_user_mapping'::regclass, oid, NULL, '' FROM pg_user_mapping
) AS rare (class, oid, owner, definition), pg_identify_object(rare.class, rare.oid, 0) AS o
WHERE rare.oid >= 16384
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = rare.class AND d.objid = rare.oid AND d.deptype = 'e')
