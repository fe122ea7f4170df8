ALTER TABLE seats DROP COLUMN row_letter;
ALTER TABLE reservations DROP COLUMN note;
