DROP TABLE station_seconds;
