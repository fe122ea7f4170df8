-- What the observer needs to know once: the database's OID, and where the WAL stands.
SELECT oid::bigint, pg_current_wal_insert_lsn()::text FROM pg_database WHERE datname = current_database()
