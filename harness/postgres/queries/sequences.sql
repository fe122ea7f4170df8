-- Sequences by name; their values are read from each of them.
SELECT format('%I.%I', n.nspname, c.relname), n.nspname::text, c.relname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
ORDER BY 1
