-- What the simple protocol makes of text: variables in literals and identifiers, comments, continuation, joined statements.
\set a 5
\set half :a / \
  2.0
\set inf 1.0 / 0
\set nan -:inf + :inf
\set none null
\set yes not false
INSERT INTO literals (name, value) VALUES ('literal :a', ':half' || ':missing' || $q$:a$q$ || E'\':a'); /* ; :a */
INSERT INTO literals (name, value) VALUES ('special', ':inf :nan :none :yes');  -- ; and more
INSERT INTO literals (name, value) SELECT 'identifier', "n:a" FROM (SELECT 'n' AS "n:a") AS s; SELECT 1;
SELECT 1 AS one \; SELECT 2 AS two UNION ALL SELECT 3 \aset
SELECT 4 AS four \; SELECT 5 AS five \gset
INSERT INTO literals (name, value) VALUES ('joined', ':one :two :four :five') \;
  INSERT INTO literals (name, value)
  VALUES ('joined ;', (:a)::int::text || '10:20');
SELECT NULL AS empty, 'it is' AS words \gset
INSERT INTO literals (name, value) VALUES ('empty', '[:empty] :words'), ('time', '12:34' || ':' || '::a');
\SET a :a + 1
INSERT INTO literals (name, value) VALUES ('upper case', :a)
