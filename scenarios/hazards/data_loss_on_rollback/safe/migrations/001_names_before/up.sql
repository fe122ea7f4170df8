CREATE TABLE computer_names_before (computer_id bigint PRIMARY KEY, name text NOT NULL);
