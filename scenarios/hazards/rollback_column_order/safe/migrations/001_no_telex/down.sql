ALTER TABLE suppliers RENAME COLUMN unused_telex TO telex;
