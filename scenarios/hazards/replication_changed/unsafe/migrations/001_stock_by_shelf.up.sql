CREATE TABLE stock_new (LIKE stock INCLUDING ALL);
INSERT INTO stock_new SELECT * FROM stock;
ALTER TABLE stock RENAME TO stock_old;
ALTER TABLE stock_new RENAME TO stock;
