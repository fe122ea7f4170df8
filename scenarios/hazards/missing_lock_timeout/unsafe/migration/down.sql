ALTER TABLE devices DROP COLUMN firmware;
