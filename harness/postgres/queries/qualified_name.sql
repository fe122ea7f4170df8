SELECT format('%%I.%%I', nsp.nspname, rel.relname)
FROM pg_class AS rel
JOIN pg_namespace AS nsp ON nsp.oid = rel.relnamespace
WHERE rel.oid = to_regclass(%s)
