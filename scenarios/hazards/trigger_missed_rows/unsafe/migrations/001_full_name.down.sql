ALTER TABLE people DROP COLUMN full_name;
