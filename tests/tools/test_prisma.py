"""The real Prisma CLI against a clone: `migrate deploy`, and the way back that Prisma itself does not have."""

import os
from pathlib import Path

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.prisma import applied_migrations
from tests.tools.conftest import RunTool

pytestmark = [pytest.mark.tools, pytest.mark.postgres, pytest.mark.slow, pytest.mark.alone]

_MIGRATION = "20260201000000_role"
# The recipe for an applied migration: `migrate resolve --rolled-back` refuses those, so the script is executed and the
# row removed, after which the migration is pending again.
_DOWN = (
    "npx prisma db execute --file down.sql && "
    f"echo \"DELETE FROM _prisma_migrations WHERE migration_name = '{_MIGRATION}'\" | npx prisma db execute --stdin"
)


def test_prisma_both_ways(
    empty_server: Server, prisma_project: Path, prisma_environment: dict[str, str], run_tool: RunTool
) -> None:
    project = prisma_project
    migration = project / "prisma" / "migrations" / _MIGRATION
    migration.mkdir()
    (migration / "migration.sql").write_text("CREATE TABLE roles (id int PRIMARY KEY); INSERT INTO roles VALUES (1);")
    (project / "down.sql").write_text("DROP TABLE roles;")
    environment = {**os.environ, **prisma_environment}
    up = "npx prisma migrate deploy"
    deployed, _ = run_tool(empty_server, project, up=up, down=_DOWN, environment=environment)
    assert _MIGRATION in deployed.output
    with connect(empty_server.conninfo(application_name="test")) as connection:
        applied = applied_migrations(connection)
        assert _MIGRATION not in applied
        assert applied, "the example's own migration stays"
        assert connection.execute("SELECT to_regclass('roles')").fetchone() == (None,)
    again, _ = run_tool(empty_server, project, up=up, down=_DOWN, environment=environment)
    assert _MIGRATION in again.output
