ALTER TABLE clicks_1 SET (fillfactor = 90);
ALTER TABLE clicks_2 SET (fillfactor = 90);
