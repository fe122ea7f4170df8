ALTER TABLE reservations ADD COLUMN note text;
ALTER TABLE seats ADD COLUMN row_letter text;
