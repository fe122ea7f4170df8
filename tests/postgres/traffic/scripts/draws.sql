-- Ten draws of each distribution: what they look like is compared, not what they are.
\set u0 random(1, 20)
\set u1 random(1, 20)
\set u2 random(1, 20)
\set u3 random(1, 20)
\set u4 random(1, 20)
\set u5 random(1, 20)
\set u6 random(1, 20)
\set u7 random(1, 20)
\set u8 random(1, 20)
\set u9 random(1, 20)
\set e0 random_exponential(1, 20, 2.5)
\set e1 random_exponential(1, 20, 2.5)
\set e2 random_exponential(1, 20, 2.5)
\set e3 random_exponential(1, 20, 2.5)
\set e4 random_exponential(1, 20, 2.5)
\set e5 random_exponential(1, 20, 2.5)
\set e6 random_exponential(1, 20, 2.5)
\set e7 random_exponential(1, 20, 2.5)
\set e8 random_exponential(1, 20, 2.5)
\set e9 random_exponential(1, 20, 2.5)
\set g0 random_gaussian(-9, 10, 3.0)
\set g1 random_gaussian(-9, 10, 3.0)
\set g2 random_gaussian(-9, 10, 3.0)
\set g3 random_gaussian(-9, 10, 3.0)
\set g4 random_gaussian(-9, 10, 3.0)
\set g5 random_gaussian(-9, 10, 3.0)
\set g6 random_gaussian(-9, 10, 3.0)
\set g7 random_gaussian(-9, 10, 3.0)
\set g8 random_gaussian(-9, 10, 3.0)
\set g9 random_gaussian(-9, 10, 3.0)
\set z0 random_zipfian(1, 20, 1.5)
\set z1 random_zipfian(1, 20, 1.5)
\set z2 random_zipfian(1, 20, 1.5)
\set z3 random_zipfian(1, 20, 1.5)
\set z4 random_zipfian(1, 20, 1.5)
\set z5 random_zipfian(1, 20, 1.5)
\set z6 random_zipfian(1, 20, 1.5)
\set z7 random_zipfian(1, 20, 1.5)
\set z8 random_zipfian(1, 20, 1.5)
\set z9 random_zipfian(1, 20, 1.5)
INSERT INTO draws (name, value) VALUES
  ('u', (:u0)::text), ('u', (:u1)::text), ('u', (:u2)::text), ('u', (:u3)::text), ('u', (:u4)::text),
  ('u', (:u5)::text), ('u', (:u6)::text), ('u', (:u7)::text), ('u', (:u8)::text), ('u', (:u9)::text),
  ('e', (:e0)::text), ('e', (:e1)::text), ('e', (:e2)::text), ('e', (:e3)::text), ('e', (:e4)::text),
  ('e', (:e5)::text), ('e', (:e6)::text), ('e', (:e7)::text), ('e', (:e8)::text), ('e', (:e9)::text),
  ('g', (:g0)::text), ('g', (:g1)::text), ('g', (:g2)::text), ('g', (:g3)::text), ('g', (:g4)::text),
  ('g', (:g5)::text), ('g', (:g6)::text), ('g', (:g7)::text), ('g', (:g8)::text), ('g', (:g9)::text),
  ('z', (:z0)::text), ('z', (:z1)::text), ('z', (:z2)::text), ('z', (:z3)::text), ('z', (:z4)::text),
  ('z', (:z5)::text), ('z', (:z6)::text), ('z', (:z7)::text), ('z', (:z8)::text), ('z', (:z9)::text);
