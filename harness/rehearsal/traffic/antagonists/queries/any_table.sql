SELECT EXISTS (SELECT FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384)
