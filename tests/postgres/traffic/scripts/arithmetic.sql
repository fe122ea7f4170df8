-- Integers and doubles, precedence, truncating division, shifts, the edges of 64 bits.
\set a 1 + 2 * 3 - 4 / 2 % 3
\set b (1 + 2) * -3
\set c -7 / 2
\set d -7 % 3
\set e 7 / 2.0
\set f 7 % -3
\set g 0.1 + 0.2
\set h 1e15 + 0.3
\set i 9223372036854775807
\set j -9223372036854775808
\set k :i - 1 + 1
\set l 5 | 2 & 3 # 6
\set m ~5 + 1
\set n 1 << 62 >> 3
\set o -1 >> 1
\set p 1 << 64
\set q 2 * 3.5 - .5
\set r - - 4
\set s 100000.0 * 10000000000
\set t 5.5 % 2
INSERT INTO arithmetic (name, value) VALUES
  ('a', (:a)::text), ('b', (:b)::text), ('c', (:c)::text), ('d', (:d)::text), ('e', (:e)::text), ('f', (:f)::text),
  ('g', (:g)::text), ('h', (:h)::text), ('i', (:i)::text), ('k', (:k)::text), ('l', (:l)::text), ('m', (:m)::text),
  ('n', (:n)::text), ('o', (:o)::text), ('p', (:p)::text), ('q', (:q)::text), ('r', (:r)::text), ('s', (:s)::text),
  ('t', (:t)::text);
INSERT INTO arithmetic (name, value) VALUES ('j', (:j)::numeric::text);
