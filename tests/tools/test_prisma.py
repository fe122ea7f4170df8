"""The real Prisma CLI against a clone: `migrate deploy`, and the way back that Prisma itself does not have.

Its engine comes from a host that tests do not reach; a stand-in of the same engine in WebAssembly serves, from a folder
outside the repository. Users have the native engine and need none of it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.prisma import applied_migrations
from tests.tools.conftest import RunTool

_ENVIRONMENT = "REHEARSE_PRISMA"
_RECIPE = Path(os.environ.get(_ENVIRONMENT, "/work/shared/prisma"))

pytestmark = [
    pytest.mark.tools,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
    pytest.mark.skipif(
        not (_RECIPE / "shim").is_dir(),
        reason=f"no stand-in for Prisma's engine here; name its folder in {_ENVIRONMENT}",
    ),
]

_MIGRATION = "20260201000000_role"
# The recipe for an applied migration: `migrate resolve --rolled-back` refuses those, so the script is executed and the
# row removed, after which the migration is pending again.
_DOWN = (
    "npx prisma db execute --file down.sql && "
    f"echo \"DELETE FROM _prisma_migrations WHERE migration_name = '{_MIGRATION}'\" | npx prisma db execute --stdin"
)


@pytest.fixture(scope="module")
def prisma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Prisma's example project and the stand-in, both installed."""
    folder = tmp_path_factory.mktemp("prisma")
    for name in ("shim", "prisma7-example"):
        shutil.copytree(_RECIPE / name, folder / name, ignore=shutil.ignore_patterns("node_modules"))
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder / name, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm could not install {name}: {done.stderr.strip()[-200:]}")
    (folder / "shim" / "schema-engine.mjs").chmod(0o755)
    return folder


def test_prisma_both_ways(empty_server: Server, prisma: Path, run_tool: RunTool) -> None:
    project = prisma / "prisma7-example"
    migration = project / "prisma" / "migrations" / _MIGRATION
    migration.mkdir()
    (migration / "migration.sql").write_text("CREATE TABLE roles (id int PRIMARY KEY); INSERT INTO roles VALUES (1);")
    (project / "down.sql").write_text("DROP TABLE roles;")
    environment = {
        **os.environ,
        "CHECKPOINT_DISABLE": "1",
        "PRISMA_HIDE_UPDATE_MESSAGE": "1",
        "PRISMA_SCHEMA_ENGINE_BINARY": str(prisma / "shim" / "schema-engine.mjs"),
    }
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
