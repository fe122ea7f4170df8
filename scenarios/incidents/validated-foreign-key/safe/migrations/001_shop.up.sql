ALTER TABLE sales ADD CONSTRAINT sales_shop_fkey FOREIGN KEY (shop_id) REFERENCES shops (id) NOT VALID;
