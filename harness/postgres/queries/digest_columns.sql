-- The tables that hold rows of their own (leaf partitions, not their parents) and their live columns in name order.
SELECT format('%I.%I', n.nspname, c.relname), n.nspname::text, c.relname::text,
       coalesce(array_agg(a.attname::text ORDER BY a.attname COLLATE "C") FILTER (WHERE a.attname IS NOT NULL), '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE (c.relkind = 'r' OR (c.relkind = 'm' AND c.relispopulated))
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
GROUP BY 1, 2, 3
ORDER BY 1
