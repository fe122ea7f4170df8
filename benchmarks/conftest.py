"""A server with pgbench's own tables, and a table of ratios at the end: figures of one run, never of two."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.model.words import Role
from harness.postgres.binaries import find_client
from harness.postgres.ports import Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.spec.scenario import PostgresSpec

SCALE = 10
PGBENCH_TABLES = "pgbench"

_ratios: list[tuple[str, str]] = []


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home that a server's own account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="rehearse-bench-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def engine(home: Path) -> EmbeddedEngine:
    """The embedded engine, with a snapshot that holds pgbench's tables at scale 10."""
    spec = PostgresSpec(version="18", settings={"shared_buffers": "512MB", "max_connections": 200})
    engine = EmbeddedEngine(spec, home=Home(home))
    server = engine.provision()
    pgbench(server, "-i", "-q", "-s", str(SCALE))
    engine.freeze(server, PGBENCH_TABLES)
    return engine


@pytest.fixture
def server(engine: EmbeddedEngine) -> Iterator[Server]:
    """A server on a fresh clone of pgbench's tables."""
    clone = engine.clone(PGBENCH_TABLES)
    yield clone
    clone.discard()


def pgbench(server: Server, *arguments: str) -> str:
    """What pgbench says on standard output."""
    program = find_client("pgbench", server.version_num // 10_000)
    environment = {**os.environ, **server.environment(application_name=Role.OTHER.application_name)}
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def ratio() -> Callable[[str, str], None]:
    """Keep a line for the table that is printed at the end."""

    def keep(what: str, figure: str) -> None:
        _ratios.append((what, figure))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the ratios."""
    if _ratios:
        terminalreporter.section("ratios within this run")
        for what, figure in _ratios:
            terminalreporter.write_line(f"{what:72} {figure}")
