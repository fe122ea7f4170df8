ALTER TABLE seats DROP COLUMN row_letter;
