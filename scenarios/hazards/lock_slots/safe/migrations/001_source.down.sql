ALTER TABLE clicks_1 RESET (fillfactor);
ALTER TABLE clicks_2 RESET (fillfactor);
