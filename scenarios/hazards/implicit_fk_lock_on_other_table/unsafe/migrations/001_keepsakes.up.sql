CREATE TABLE keepsakes (account_id bigint PRIMARY KEY REFERENCES accounts (id), note text NOT NULL);
