-- Every table with its columns, unique keys (the primary one first) and foreign keys, the lists as JSON.
WITH tables AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
           CASE WHEN pg_table_is_visible(c.oid) THEN quote_ident(c.relname)
                ELSE format('%I.%I', n.nspname, c.relname) END AS name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
          AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
)
SELECT t.name, t.nspname::text, t.relname::text, t.relkind::text, t.reltuples::float8,
       coalesce((SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), y.typcategory,
                                                    a.attnotnull, a.atthasdef OR a.attidentity <> '',
                                                    a.attidentity = 'a' OR a.attgenerated <> '') ORDER BY a.attnum)
                 FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
                 WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
       coalesce((SELECT jsonb_agg(k.names ORDER BY k.indisprimary DESC, k.names)
                 FROM (SELECT DISTINCT i.indisprimary,
                              (SELECT jsonb_agg(a.attname ORDER BY k.place)
                               FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                               WHERE k.place <= i.indnkeyatts) AS names
                       FROM pg_index i
                       WHERE i.indrelid = t.oid AND i.indisunique AND i.indisvalid
                             AND i.indpred IS NULL AND i.indexprs IS NULL) k), '[]'),
       coalesce((SELECT jsonb_agg(a.attname ORDER BY k.place)
                 FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
                 WHERE p.conrelid = t.oid AND p.contype = 'p' AND a.attrelid = t.oid AND a.attnum = k.attnum), '[]'),
       coalesce((SELECT jsonb_agg(jsonb_build_array(f.own, f.name, f.theirs) ORDER BY f.conname)
                 FROM (SELECT p.conname, r.name,
                              (SELECT jsonb_agg(a.attname ORDER BY k.place)
                               FROM unnest(p.conkey) WITH ORDINALITY AS k (attnum, place)
                               JOIN pg_attribute a ON a.attrelid = p.conrelid AND a.attnum = k.attnum) AS own,
                              (SELECT jsonb_agg(a.attname ORDER BY k.place)
                               FROM unnest(p.confkey) WITH ORDINALITY AS k (attnum, place)
                               JOIN pg_attribute a ON a.attrelid = p.confrelid AND a.attnum = k.attnum) AS theirs
                       FROM pg_constraint p JOIN tables r ON r.oid = p.confrelid
                       WHERE p.conrelid = t.oid AND p.contype = 'f') f), '[]')
FROM tables t
ORDER BY t.nspname, t.relname
