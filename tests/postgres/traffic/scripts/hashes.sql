-- Hashes and permutations with the seed given, or from default_seed; the variables that pgbench sets by itself.
\set a hash(10, 5432)
\set b hash_fnv1a(10, 5432)
\set c hash_murmur2(10, 5432)
\set d hash(-1)
\set e hash_fnv1a(9223372036854775807)
\set f hash_murmur2(0)
\set g hash(1.6, 2)
\set h hash(null)
\set i permute(3, 4)
\set j permute(3, 4, 5432)
\set k permute(-1, 1000000, -9)
\set l permute(123456789, 9223372036854775807)
\set m permute(0, 1)
\set n permute(hash(:a) , 4294967297, :c)
\set o :client_id + :scale
\set p :default_seed
\set q :random_seed
INSERT INTO hashes (name, value) VALUES
  ('a', (:a)::text), ('b', (:b)::text), ('c', (:c)::text), ('d', (:d)::text), ('e', (:e)::text), ('f', (:f)::text),
  ('g', (:g)::text), ('h', (:h)::text), ('i', (:i)::text), ('j', (:j)::text), ('k', (:k)::text), ('l', (:l)::text),
  ('m', (:m)::text), ('n', (:n)::text), ('o', (:o)::text), ('p', (:p)::text), ('q', (:q)::text);
