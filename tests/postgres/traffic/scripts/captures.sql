-- Rows into variables, with and without a prefix; the last row of several; statements joined.
SELECT 6 AS next, 'a word' AS word, NULL AS nothing, 2.5 AS half \gset
\set more :next + :half
SELECT :next + 1 AS next, '10' AS text, 't' AS yes, 'null' AS none
\gset p_
\set typed :p_text * 2
\set chosen case when :p_yes and :p_none is null then :p_next else 0 end
INSERT INTO captures (name, value) VALUES
  ('next', (:next)::text), ('half', (:half)::text), ('more', (:more)::text), ('p_next', (:p_next)::text),
  ('typed', (:typed)::text), ('chosen', (:chosen)::text);
SELECT g AS last FROM generate_series(1, 3) AS g ORDER BY g \aset
SELECT 4 AS last WHERE false \aset
SELECT 8 AS last \aset q_
UPDATE captures SET value = value WHERE false \aset
INSERT INTO captures (name, value) VALUES ('last', (:last)::text), ('q_last', (:q_last)::text);
BEGIN;
INSERT INTO captures (name, value) VALUES ('returned', 'x') RETURNING length(name) AS length \gset
INSERT INTO captures (name, value) VALUES ('length', (:length)::text);
END;
