-- Settings that decide about plans, locks and checkpoints; none of them holds a name, a path or a secret.
SELECT name::text, pg_catalog.current_setting(name)
  FROM pg_catalog.pg_settings
 WHERE name = ANY ('{autovacuum,autovacuum_max_workers,checkpoint_timeout,deadlock_timeout,default_statistics_target,
effective_cache_size,effective_io_concurrency,fsync,full_page_writes,idle_in_transaction_session_timeout,jit,lock_timeout,
maintenance_work_mem,max_connections,max_locks_per_transaction,max_prepared_transactions,
max_parallel_maintenance_workers,max_parallel_workers_per_gather,max_wal_size,
random_page_cost,seq_page_cost,shared_buffers,statement_timeout,synchronous_commit,wal_compression,wal_level,work_mem}')
 ORDER BY name
