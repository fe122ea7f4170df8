-- CASE and nested blocks; a branch that is not taken is not evaluated, or 1 / 0 would end the client.
\set n 3
\set a case when :n = 1 then 10 when :n > 2 then 30 else 1 / 0 end
\set b case when null then 1 when 0.0 then 2 end
\set c case when :n = 4 then 4 else case when :n = 3 then 33 end end * 2
INSERT INTO branches (name, value) VALUES ('a', (:a)::text), ('b', (:b)::text), ('c', (:c)::text);
\if :n = 3 and not :n > 9
  INSERT INTO branches (name, value) VALUES ('if', 'taken');
  \if false
    INSERT INTO branches (name, value) VALUES ('inner if', 'never');
    \if 1 / 0
    \endif
  \elif null
    INSERT INTO branches (name, value) VALUES ('inner null', 'never');
  \elif :n
    INSERT INTO branches (name, value) VALUES ('inner elif', 'taken');
  \elif 1 / 0
    INSERT INTO branches (name, value) VALUES ('after a branch was taken', 'never');
  \else
    INSERT INTO branches (name, value) VALUES ('inner else', 'never');
  \endif
\elif 1 / 0
  INSERT INTO branches (name, value) VALUES ('elif', 'never');
\else
  INSERT INTO branches (name, value) VALUES ('else', 'never');
  \if 1
    \set n 1 / 0
  \endif
\endif
\if 0
\else
  \set n :n + 1
  INSERT INTO branches (name, value) VALUES ('n', (:n)::text);
\endif
