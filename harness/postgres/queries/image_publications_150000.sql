-- Publications with their members (row filters, column lists and schemas from 15 on), and subscriptions without their
-- connection string, which holds a password.
SELECT 'publication', quote_ident(p.pubname),
       concat_ws(' ', 'owner', quote_ident(pg_get_userbyid(p.pubowner)), (to_jsonb(p) - '{oid,pubname,pubowner}'::text[])::text,
                 (SELECT string_agg(concat_ws(' ', r.prrelid::regclass::text,
                                              '(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
                                                      FROM pg_attribute a
                                                      WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')',
                                              'where ' || pg_get_expr(r.prqual, r.prrelid)),
                                    ', ' ORDER BY r.prrelid::regclass::text)
                  FROM pg_publication_rel r WHERE r.prpubid = p.oid),
                 (SELECT string_agg('schema ' || s.pnnspid::regnamespace::text, ', ' ORDER BY s.pnnspid::regnamespace::text)
                  FROM pg_publication_namespace s WHERE s.pnpubid = p.oid)), 0
FROM pg_publication p
UNION ALL
SELECT 'subscription', quote_ident(s.subname),
       concat_ws(' ', 'owner', quote_ident(pg_get_userbyid(s.subowner)), CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END,
                 array_to_string(s.subpublications, ', '), 'slot ' || s.subslotname, CASE WHEN s.subbinary THEN 'binary' END,
                 'synchronous_commit ' || s.subsynccommit), 0
FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
