ALTER TABLE retired.old_exports SET SCHEMA public;
DROP SCHEMA retired;
