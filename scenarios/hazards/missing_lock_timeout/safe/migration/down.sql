SET lock_timeout = '2s';
ALTER TABLE devices DROP COLUMN firmware;
