SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
 WHERE i.indrelid = %(table)s::regclass AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum
 ORDER BY k.place
