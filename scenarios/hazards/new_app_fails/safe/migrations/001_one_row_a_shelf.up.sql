CREATE UNIQUE INDEX CONCURRENTLY stock_product_shelf ON stock (product, shelf);
