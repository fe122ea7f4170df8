-- Tables as vacuum sees them: thresholds as in the manual, "The Autovacuum Daemon", by the server's settings and the table's
-- own. From version 18 on the threshold has an upper end (autovacuum_vacuum_max_threshold, -1 for none).
WITH tables AS (
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, greatest(c.reltuples, 0)::float8 AS rows,
           (SELECT coalesce(jsonb_object_agg(o.option_name, o.option_value), '{}') FROM pg_options_to_table(c.reloptions) AS o)
           AS options
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
          AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rehearse_harness')
), limits AS (
    SELECT t.*,
           coalesce(t.options ->> 'autovacuum_vacuum_threshold', current_setting('autovacuum_vacuum_threshold'))::float8
           + coalesce(t.options ->> 'autovacuum_vacuum_scale_factor',
                      current_setting('autovacuum_vacuum_scale_factor'))::float8 * t.rows AS dead,
           coalesce(t.options ->> 'autovacuum_vacuum_max_threshold',
                    current_setting('autovacuum_vacuum_max_threshold', true), '-1')::float8 AS most,
           coalesce(t.options ->> 'autovacuum_vacuum_insert_threshold',
                    current_setting('autovacuum_vacuum_insert_threshold'))::float8 AS base,
           coalesce(t.options ->> 'autovacuum_vacuum_insert_scale_factor',
                    current_setting('autovacuum_vacuum_insert_scale_factor'))::float8 AS factor
    FROM tables t
)
SELECT l.name, l.rows, CASE WHEN l.most >= 0 THEN least(l.dead, l.most) ELSE l.dead END,
       CASE WHEN l.base >= 0 THEN l.base + l.factor * l.rows END,
       current_setting('autovacuum')::bool AND coalesce(l.options ->> 'autovacuum_enabled', 'true')::bool,
       pg_relation_size(l.oid), pg_total_relation_size(l.oid),
       coalesce(pg_stat_get_autovacuum_count(l.oid), 0)
FROM limits l
ORDER BY 1
