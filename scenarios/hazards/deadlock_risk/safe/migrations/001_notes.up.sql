ALTER TABLE reservations ADD COLUMN note text;
