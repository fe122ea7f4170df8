-- Whether the database says that it may be changed and dropped: by its comment or by a table of that name.
SELECT position(%(marker)s IN coalesce(shobj_description(oid, 'pg_database'), '')) > 0
       OR to_regclass('rehearse_harness.disposable') IS NOT NULL
FROM pg_database
WHERE datname = current_database()
