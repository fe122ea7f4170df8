"""Fixtures that tests of several rooms share: a home for servers, engines, and servers on an empty snapshot."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from harness.postgres.ports import Engine, Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.spec.scenario import PostgresSpec

EMPTY = "empty"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home of this test session's own; not pytest's tmp_path, which a server's unprivileged account cannot enter."""
    folder = Path(tempfile.mkdtemp(prefix="rehearse-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def embedded_engine(home: Path) -> EmbeddedEngine:
    """The embedded engine with PostgreSQL 18, holding a snapshot named by `EMPTY`."""
    return with_empty_snapshot(EmbeddedEngine(PostgresSpec(version="18"), home=Home(home)))


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


E = TypeVar("E", bound=Engine)


def with_empty_snapshot(engine: E) -> E:
    """`engine`, after an empty database was frozen as `EMPTY`."""
    if not engine.has(EMPTY):
        engine.freeze(engine.provision(), EMPTY)
    return engine
