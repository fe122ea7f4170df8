DROP TABLE hall_minutes;
