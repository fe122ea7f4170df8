SET statement_timeout = '2s';
ALTER TABLE devices ADD COLUMN firmware text;
