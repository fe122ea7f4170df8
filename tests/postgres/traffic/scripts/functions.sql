-- Every function that is not a hash, a permutation or a draw.
\set a abs(-17)
\set b abs(-17.5)
\set c debug(5432.1)
\set d double(5432)
\set e double(5432) / 7
\set f exp(1.0)
\set g greatest(5, 4, 3, 2)
\set h greatest(5, 4.5, 6)
\set i int(5.4 + 3.8)
\set j int(2.5) + int(3.5) + int(-2.5)
\set k least(5, 4, 3, 2.1)
\set l least(-7)
\set m ln(2.718281828459045)
\set n mod(54, 32) + mod(-5, 3) + mod(5, -3)
\set o pi()
\set p pow(2.0, 10)
\set q power(2, 0.5)
\set r sqrt(2.0)
\set s abs(null)
\set t least(1, null)
\set u ln(10) * 1e10
\set v pow(2, 62)
\set w exp(-700)
\set x sqrt(1e300)
INSERT INTO functions (name, value) VALUES
  ('a', (:a)::text), ('b', (:b)::text), ('c', (:c)::text), ('d', (:d)::text), ('e', (:e)::text), ('f', (:f)::text),
  ('g', (:g)::text), ('h', (:h)::text), ('i', (:i)::text), ('j', (:j)::text), ('k', (:k)::text), ('l', (:l)::text),
  ('m', (:m)::text), ('n', (:n)::text), ('o', (:o)::text), ('p', (:p)::text), ('q', (:q)::text), ('r', (:r)::text),
  ('s', (:s)::text), ('t', (:t)::text), ('u', (:u)::text), ('v', (:v)::text), ('w', (:w)::text), ('x', (:x)::text);
