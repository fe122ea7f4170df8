-- Tables, partitioned tables and materialized views by the names given (schema "" means: by the search path): their
-- columns, keys and partitions.
SELECT format('%%I.%%I', n.nspname, c.relname),
       c.relkind::text,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
                   'default', CASE WHEN a.attgenerated = '' THEN coalesce(pg_get_expr(d.adbin, d.adrelid), '') ELSE '' END,
                   'generated', a.attgenerated <> '' OR a.attidentity <> '') ORDER BY a.attnum), '[]')
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT coalesce(jsonb_agg(a.attname ORDER BY k.place), '[]')
        FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place), pg_attribute a
        WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
              AND a.attrelid = c.oid AND a.attnum = k.attnum),
       (SELECT coalesce(jsonb_agg(DISTINCT a.attname), '[]')
        FROM pg_depend d JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0
              AND d.classid <> 'pg_attrdef'::regclass
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE d.classid = 'pg_constraint'::regclass
                              AND k.oid = d.objid AND k.contype = 'n')),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
               AND i.indpred IS NULL AND i.indexprs IS NULL),
       coalesce(p.partstrat::text, ''),
       (SELECT coalesce(jsonb_agg(coalesce(a.attname, '') ORDER BY k.place), '[]')
        FROM unnest(p.partattrs::int2[]) WITH ORDINALITY AS k (attnum, place)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum),
       (SELECT coalesce(jsonb_agg(format('%%I.%%I', pn.nspname, pc.relname) ORDER BY pc.relname), '[]')
        FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
        WHERE h.inhparent = c.oid AND c.relkind = 'p'),
       coalesce((SELECT format('%%I.%%I', pn.nspname, pc.relname)
                 FROM pg_class pc JOIN pg_namespace pn ON pn.oid = pc.relnamespace
                 WHERE pc.oid = p.partdefid AND p.partdefid <> 0), ''),
       (SELECT coalesce(jsonb_agg(k.conname ORDER BY k.conname), '[]') FROM pg_constraint k WHERE k.conrelid = c.oid)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm') AND EXISTS (
    SELECT FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS wanted (nspname, relname)
    WHERE c.relname = wanted.relname
          AND CASE wanted.nspname WHEN '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = wanted.nspname END)
ORDER BY 1
