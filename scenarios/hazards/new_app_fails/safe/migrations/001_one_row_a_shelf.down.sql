DROP INDEX CONCURRENTLY stock_product_shelf;
