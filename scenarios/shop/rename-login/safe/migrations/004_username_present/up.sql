ALTER TABLE users ADD CONSTRAINT users_username_present CHECK (username IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_username_present;
