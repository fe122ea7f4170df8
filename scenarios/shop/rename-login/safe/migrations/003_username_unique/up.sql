CREATE UNIQUE INDEX CONCURRENTLY users_username_key ON users (username);
