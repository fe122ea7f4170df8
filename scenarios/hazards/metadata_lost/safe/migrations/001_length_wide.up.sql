ALTER TABLE songs ADD COLUMN length_wide bigint;
ALTER TABLE songs ALTER COLUMN length_wide SET STATISTICS 500;
ALTER TABLE songs RENAME COLUMN length_s TO length_old;
ALTER TABLE songs RENAME COLUMN length_wide TO length_s;
COMMENT ON COLUMN songs.length_s IS 'length in seconds';
