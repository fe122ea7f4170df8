ALTER TABLE subscribers RENAME COLUMN phone TO phone_number;
