CREATE TABLE station_seconds AS SELECT station, sum(seconds) AS seconds, count(*) AS rides FROM rides GROUP BY station;
