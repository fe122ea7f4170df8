ALTER TABLE readings DROP COLUMN estimated;
