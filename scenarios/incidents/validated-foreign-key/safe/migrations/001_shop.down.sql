ALTER TABLE sales DROP CONSTRAINT sales_shop_fkey;
