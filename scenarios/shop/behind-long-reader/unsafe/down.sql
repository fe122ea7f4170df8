SET lock_timeout = '200ms';
ALTER TABLE orders DROP COLUMN gift_message;
