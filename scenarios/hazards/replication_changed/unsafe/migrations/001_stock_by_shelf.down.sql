ALTER TABLE stock RENAME TO stock_new;
ALTER TABLE stock_old RENAME TO stock;
DROP TABLE stock_new;
