ALTER TABLE members DROP COLUMN phone_country;
COMMENT ON COLUMN members.phone IS NULL;
