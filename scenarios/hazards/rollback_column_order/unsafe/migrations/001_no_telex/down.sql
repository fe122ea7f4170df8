ALTER TABLE suppliers ADD COLUMN telex text;
