-- The first value of each use that is no input of the type its statement wants, with the server's reason.
-- With -1, not NULL: character without a length is bpchar and takes any, "character" takes one.
SELECT DISTINCT ON (v.use) v.use, e.sql_error_code, e.message
  FROM unnest(%(uses)s::int4[], %(types)s::oid[], %(texts)s::text[]) AS v (use, type, text)
 CROSS JOIN LATERAL pg_input_error_info(v.text, format_type(v.type, -1)) e
 WHERE e.message IS NOT NULL
 ORDER BY v.use
