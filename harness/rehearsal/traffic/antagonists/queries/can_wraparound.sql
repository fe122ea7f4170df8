-- Whether autovacuum runs, and whether this role may change its settings.
SELECT current_setting('autovacuum')::bool AND current_setting('track_counts')::bool,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
