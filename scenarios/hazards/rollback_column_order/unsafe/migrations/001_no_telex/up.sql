ALTER TABLE suppliers DROP COLUMN telex;
