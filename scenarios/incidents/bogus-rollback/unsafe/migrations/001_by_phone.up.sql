COMMENT ON COLUMN members.phone IS 'with country code';
ALTER TABLE members ADD COLUMN phone_country text;
