ALTER TABLE subscribers RENAME COLUMN phone_number TO phone;
