-- The tables to close a door before: the named ones, and the table of a named index, in the order they were named.
SELECT c.oid::bigint, n.nspname, c.relname
FROM unnest(%(oids)s::oid[]) WITH ORDINALITY AS named (oid, place)
LEFT JOIN pg_index i ON i.indexrelid = named.oid
JOIN pg_class c ON c.oid = coalesce(i.indrelid, named.oid) AND c.relkind IN ('r', 'p', 'v', 'f')
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY named.place
