ALTER TABLE recipes DROP COLUMN minutes;
