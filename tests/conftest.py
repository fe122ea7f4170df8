"""Fixtures that tests of several rooms share: a home for servers, engines, and servers on an empty snapshot."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from harness.model.errors import SandboxError
from harness.postgres.ports import Engine, Home, Server
from harness.sandbox.docker import DockerEngine
from harness.sandbox.embedded import EmbeddedEngine
from harness.spec.scenario import PostgresSpec
from tests.places import place_for_servers

EMPTY = "empty"


# Started in the background by a shell without job control, this process was told to ignore Ctrl-C, and so would be the
# commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says nothing about the program while other tests run beside it.
settings.register_profile("rehearse", deadline=None)
settings.load_profile("rehearse")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home of this test session's own; not pytest's tmp_path, which a server's unprivileged account cannot enter."""
    folder = Path(tempfile.mkdtemp(prefix="rehearse-tests-", dir=place_for_servers()))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def embedded_engine(home: Path) -> EmbeddedEngine:
    """The embedded engine with PostgreSQL 18, holding a snapshot named by `EMPTY`."""
    # A shared disk can stop a commit for a second; what is tested on these servers is not the disk.
    spec = PostgresSpec(version="18", settings={"fsync": "off"})
    return with_empty_snapshot(EmbeddedEngine(spec, home=Home(home)))


@pytest.fixture
def empty_server(embedded_engine: EmbeddedEngine) -> Iterator[Server]:
    """A running PostgreSQL 18 with an empty database, for one test."""
    server = embedded_engine.clone(EMPTY)
    yield server
    server.discard()


@pytest.fixture(scope="module")
def module_server(embedded_engine: EmbeddedEngine) -> Iterator[Server]:
    """A running PostgreSQL 18 with an empty database, for all tests of a module."""
    server = embedded_engine.clone(EMPTY)
    yield server
    server.discard()


@pytest.fixture(scope="session")
def docker_engine(home: Path) -> Iterator[DockerEngine]:
    """The docker engine on this machine's image, with a snapshot named by `EMPTY`; skips where none answers."""
    environment = {"REHEARSE_IMAGE": os.environ.get("REHEARSE_IMAGE") or _offline_image()}
    try:
        engine = DockerEngine(PostgresSpec(), home=Home(home), environment=environment)
    except SandboxError as error:
        pytest.skip(f"no docker engine to test with: {error.message}")
    yield with_empty_snapshot(engine)
    engine.forget(EMPTY)


E = TypeVar("E", bound=Engine)


def with_empty_snapshot(engine: E) -> E:
    """`engine`, after an empty database was frozen as `EMPTY`."""
    if not engine.has(EMPTY):
        engine.freeze(engine.provision(), EMPTY)
    return engine


def _offline_image() -> str:
    """The image that fixtures/postgres-image/build.sh made, if it is here."""
    if shutil.which("docker") is None:
        return ""
    image = "rehearse-postgres:15"
    found = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    return image if found.returncode == 0 else ""
