DELETE FROM _prisma_migrations WHERE migration_name = %(name)s
