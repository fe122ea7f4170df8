-- Every backend; backend_start tells two backends with one pid apart.
SELECT pid,
       coalesce(application_name, ''),
       coalesce(backend_type, ''),
       coalesce(state, ''),
       coalesce(wait_event_type, ''),
       coalesce((extract(epoch FROM backend_start) * 1000000)::bigint, 0),
       datname IS NOT DISTINCT FROM current_database()
  FROM pg_stat_activity
