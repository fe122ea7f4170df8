-- What a migration can leave behind, one row each: kind, name. Invalid indexes and partitions whose detaching was not
-- finished are kinds of their own, because they stand for a statement that failed half-way. A query of its own, far
-- smaller than the schema image: it runs before every step, also under load.
SELECT CASE WHEN c.relkind IN ('i', 'I') AND NOT x.indisvalid THEN 'invalid index'
            WHEN c.relkind IN ('i', 'I') THEN 'index'
            WHEN c.relkind = 'S' THEN 'sequence'
            WHEN c.relkind = 'v' THEN 'view'
            WHEN c.relkind = 'm' THEN 'materialized view'
            ELSE 'table' END,
       format('%I.%I', n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index x ON x.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'i', 'I', 'S', 'v', 'm', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'column', format('%I.%I.%I', n.nspname, c.relname, a.attname)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT CASE WHEN k.convalidated THEN 'constraint' ELSE 'unvalidated constraint' END,
       format('%s on %I.%I', quote_ident(k.conname), n.nspname, c.relname)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'trigger', format('%s on %I.%I', quote_ident(t.tgname), n.nspname, c.relname)
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
       format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, format('%I.%I', n.nspname, t.typname)
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
UNION ALL
SELECT 'enum value', format('%I.%I %L', n.nspname, t.typname, e.enumlabel)
FROM pg_enum e
JOIN pg_type t ON t.oid = e.enumtypid
JOIN pg_namespace n ON n.oid = t.typnamespace
