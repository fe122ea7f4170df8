ALTER TABLE suppliers RENAME COLUMN telex TO unused_telex;
