-- Constraints declared NOT VALID and never validated: not proven of the rows that were there before.
SELECT format('%I.%I', n.nspname, c.relname), k.conname::text, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT k.convalidated AND n.nspname !~ '^pg_' AND n.nspname <> 'rehearse_harness'
ORDER BY 1, 2
