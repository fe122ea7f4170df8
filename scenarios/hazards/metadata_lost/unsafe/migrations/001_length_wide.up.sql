ALTER TABLE songs ADD COLUMN length_wide bigint;
ALTER TABLE songs RENAME COLUMN length_s TO length_old;
ALTER TABLE songs RENAME COLUMN length_wide TO length_s;
