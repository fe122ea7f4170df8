-- A piece of a log file; null where the file is gone.
SELECT pg_read_binary_file(%(path)s, %(offset)s, %(length)s, true)
