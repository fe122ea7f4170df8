-- The file the server logs to now, its size, and when it was last written.
SELECT log.path, file.size, file.modification
  FROM pg_current_logfile(%(form)s) AS log(path),
       LATERAL pg_stat_file(log.path, true) AS file
 WHERE log.path IS NOT NULL
