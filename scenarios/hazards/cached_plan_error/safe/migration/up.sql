ALTER TABLE recipes ADD COLUMN minutes integer;
