"""`rehearse snapshot` as a process: a database taken in and rehearsed on by name, an interruption, a server's files."""

import signal
from collections.abc import Iterator

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.sandbox.embedded import EmbeddedEngine
from tests.postgres.cli.shell import SETUP, Shell

pytestmark = pytest.mark.postgres

PASSED, ENVIRONMENT, INTERRUPTED = 0, 4, 130


@pytest.fixture(scope="module")
def production(embedded_engine: EmbeddedEngine) -> Iterator[str]:
    """The DSN of a database with the tiny scenario's tables."""
    server: Server = embedded_engine.provision()
    dsn = server.conninfo(application_name="production")
    with connect(dsn) as connection:
        connection.execute(SETUP.encode())
    yield dsn
    server.discard()


def test_production_is_taken_in_and_rehearsed_on_by_its_name(bare: Shell, production: str) -> None:
    made = bare.run("snapshot", "create", "prod", "--dsn-env", "PROD", PROD=production)
    assert made.returncode == PASSED, made.stderr
    assert "public.users" in made.stdout
    password = production.split("password=")[1].split()[0]
    assert password not in made.stdout + made.stderr
    bare.edit('setup = ["setup.sql"]', 'source = "prod"')
    checked = bare.run("check", "scenario.toml")
    assert "stored snapshot prod (directory" in checked.stdout
    run = bare.run("run", "scenario.toml", "-q")
    assert run.returncode == PASSED, run.stdout + run.stderr
    bare.edit('source = "prod"', 'source = "prodd"')
    wrong = bare.run("run", "scenario.toml", "-q")
    assert wrong.returncode == ENVIRONMENT
    assert "did you mean 'prod'" in wrong.stderr
    removed = bare.run("snapshot", "remove", "prod", "--yes")
    assert len(removed.stdout.splitlines()) == 2
    assert not any((bare.home / "snapshots").iterdir())
    assert bare.lying_around() == []


def test_ctrl_c_ends_pg_dump_and_leaves_nothing(bare: Shell, production: str) -> None:
    with connect(production) as connection, connection.transaction():
        connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        running = bare.start("snapshot", "create", "prod", "--dsn-env", "PROD", PROD=production)
        running.until_said("prod: dump")
        running.interrupt(signal.SIGINT, group=True)
        code, _, said = running.end()
    assert code == INTERRUPTED, said
    assert "Traceback" not in said
    assert bare.lying_around() == []
    assert not list((bare.home / "store").glob("prod*"))
