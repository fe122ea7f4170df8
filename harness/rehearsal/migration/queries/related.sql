-- The tables that a statement naming these relations may work on: themselves, the table of an index, all partitions,
-- both sides of their foreign keys, and what a view reads.
WITH RECURSIVE named AS (
    SELECT unnest(%(oids)s::oid[]) AS oid
), tables AS (
    SELECT coalesce(i.indrelid, n.oid) AS oid FROM named n LEFT JOIN pg_index i ON i.indexrelid = n.oid
    UNION
    SELECT d.refobjid
    FROM named n
    JOIN pg_rewrite r ON r.ev_class = n.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
), keys AS (
    SELECT oid FROM tables
    UNION
    SELECT k.confrelid FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
    UNION
    SELECT k.conrelid FROM tables t JOIN pg_constraint k ON k.confrelid = t.oid AND k.contype = 'f'
), family AS (
    SELECT oid FROM keys
    UNION
    SELECT h.inhrelid FROM family f JOIN pg_inherits h ON h.inhparent = f.oid
)
SELECT c.oid::bigint, n.nspname, c.relname, c.reltuples::float8, pg_relation_size(c.oid)
FROM family f
JOIN pg_class c ON c.oid = f.oid AND c.relkind IN ('r', 'm')
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT c.oid = ANY (%(skip)s::oid[]) AND c.oid >= 16384
