BEGIN;
DROP TRIGGER subscribers_same_phone ON subscribers;
DROP FUNCTION subscribers_same_phone();
ALTER TABLE subscribers DROP COLUMN phone_number;
COMMIT;
