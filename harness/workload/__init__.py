"""Where a workload comes from when nobody writes it by hand: server logs, pg_stat_statements, the catalog."""
