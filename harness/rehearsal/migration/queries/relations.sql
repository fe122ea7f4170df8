-- Every relation of the user's. pg_relation_filenode takes no lock; pg_relation_size does, and is asked only for the
-- relations in `sized`, all where it is null.
SELECT c.oid::bigint, format('%%I.%%I', n.nspname, c.relname), c.relkind::text,
       coalesce(pg_relation_filenode(c.oid), 0)::bigint,
       CASE WHEN t.oid IS NULL THEN '' ELSE format('%%I.%%I', tn.nspname, t.relname) END,
       c.reltuples::float8,
       CASE WHEN %(sized)s::oid[] IS NULL OR c.oid = ANY (%(sized)s::oid[]) THEN pg_relation_size(c.oid) END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class owner ON c.relkind = 't' AND owner.reltoastrelid = c.oid
LEFT JOIN pg_class t ON t.oid = coalesce(i.indrelid, owner.oid)
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.oid >= 16384
