-- The shell: words that are variables, the integer that it prints; pauses in every unit.
\set a 5
\setshell b echo :a
\setshell c expr :a '*' :b + 1
\setshell d echo ::a | wc -c
\setshell e printf '%d\n%d\n' -7 8
\setshell f echo 6; exit 3
\shell true :a > /dev/null
\SLEEP 100 us
\sleep 1ms
\set pause 1.9
\sleep :pause ms
\sleep 0 s
\sleep 0
INSERT INTO shell (name, value) VALUES
  ('b', (:b)::text), ('c', (:c)::text), ('d', (:d)::text), ('e', (:e)::text), ('f', (:f)::text);
