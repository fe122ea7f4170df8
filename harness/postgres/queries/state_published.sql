-- Published tables whose updates or deletes are published although nothing identifies their rows: without a primary key,
-- with REPLICA IDENTITY NOTHING, or with an index that is gone. An UPDATE or DELETE there fails with 55000.
SELECT DISTINCT format('%s: %I.%I', quote_ident(p.pubname), t.schemaname, t.tablename)
FROM pg_publication p
JOIN pg_publication_tables t ON t.pubname = p.pubname
JOIN pg_namespace n ON n.nspname = t.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
WHERE (p.pubupdate OR p.pubdelete)
      AND CASE c.relreplident
          WHEN 'f' THEN false
          WHEN 'n' THEN true
          WHEN 'i' THEN NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid)
          ELSE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid) END
ORDER BY 1
