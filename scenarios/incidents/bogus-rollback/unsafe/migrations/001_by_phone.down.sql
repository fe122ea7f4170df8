ALTER TABLE members DROP COLUMN IF EXISTS phone_countri;
