-- Comparisons, three-valued logic, the IS family.
\set a 1 = 1.0
\set b 1 <> 2
\set c 1 != 1
\set d 2 < 1
\set e 2 <= 2.5
\set f 3 > 2
\set g 2 >= 3
\set h 1 < 2 and 2 < 1 or true
\set i not 1 = 2
\set j null is null
\set k 1 is not null
\set l null isnull
\set m null notnull
\set n true is true
\set o false is not false
\set p null is true
\set q 1 is true
\set r null and false
\set s false and null
\set t true or null
\set u null or true
\set v not null
\set w null = null
\set x null + 1
\set y not true is false and not false
INSERT INTO logic (name, value) VALUES
  ('a', (:a)::text), ('b', (:b)::text), ('c', (:c)::text), ('d', (:d)::text), ('e', (:e)::text), ('f', (:f)::text),
  ('g', (:g)::text), ('h', (:h)::text), ('i', (:i)::text), ('j', (:j)::text), ('k', (:k)::text), ('l', (:l)::text),
  ('m', (:m)::text), ('n', (:n)::text), ('o', (:o)::text), ('p', (:p)::text), ('q', (:q)::text), ('r', (:r)::text),
  ('s', (:s)::text), ('t', (:t)::text), ('u', (:u)::text), ('v', (:v)::text), ('w', (:w)::text), ('x', (:x)::text),
  ('y', (:y)::text);
