ALTER TABLE seats ADD COLUMN row_letter text;
