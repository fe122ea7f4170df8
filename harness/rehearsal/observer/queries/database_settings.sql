-- The settings that belong to the database for every role, as name=value.
SELECT unnest(setconfig)
  FROM pg_db_role_setting
 WHERE setrole = 0
   AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
