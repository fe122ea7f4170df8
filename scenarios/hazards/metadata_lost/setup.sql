-- Songs, whose titles the planner knows better than by default.
CREATE TABLE songs (id bigint PRIMARY KEY, title text, length_s integer);
INSERT INTO songs SELECT n, 'song ' || n, 100 + n % 300 FROM generate_series(1, :rows) AS n;
ALTER TABLE songs ALTER COLUMN length_s SET STATISTICS 500;
COMMENT ON COLUMN songs.length_s IS 'length in seconds';
