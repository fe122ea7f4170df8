"""A thin typed edge over psycopg: connections, catalogs, client programs, and the ports that engines implement."""
