CREATE TABLE hall_minutes (hall integer PRIMARY KEY, minutes bigint NOT NULL);
INSERT INTO hall_minutes (hall, minutes) SELECT hall, sum(minutes) FROM visits GROUP BY hall;
COMMENT ON TABLE hall_minutes IS 'Minutes spent in each hall, as of the migration';
