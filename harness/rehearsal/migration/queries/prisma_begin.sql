INSERT INTO _prisma_migrations (id, checksum, migration_name)
VALUES (%(id)s, %(checksum)s, %(name)s)
