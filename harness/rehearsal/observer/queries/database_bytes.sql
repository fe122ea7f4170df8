-- Bytes of the database on disk; reads the file system, takes no lock.
SELECT pg_database_size(current_database())
