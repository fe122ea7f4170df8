-- The version of the database's collation when it was made, and this machine's; "" where it has none.
SELECT coalesce(datcollversion, ''), coalesce(pg_database_collation_actual_version(oid), '')
FROM pg_catalog.pg_database
WHERE datname = current_database()
