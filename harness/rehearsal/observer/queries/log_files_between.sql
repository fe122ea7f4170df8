-- Files of the log's folder written since a file was given up, oldest first: what a rotation between two reads left.
SELECT folder || name
  FROM pg_ls_logdir(),
       regexp_replace(%(path)s, '[^/]*$', '') AS folder
 WHERE name LIKE '%%' || %(suffix)s
   AND modification >= %(modification)s
   AND folder || name <> ALL (%(known)s)
 ORDER BY modification, name
