CREATE SCHEMA retired;
ALTER TABLE old_exports SET SCHEMA retired;
