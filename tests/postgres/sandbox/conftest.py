"""Engines to hold against the contract."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Engine, Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.external import ExternalEngine
from harness.spec.scenario import EngineName, PostgresSpec

HARNESS = Role.HARNESS.application_name
DSN_VARIABLE = "REHEARSE_TEST_DSN"


@pytest.fixture
def session() -> Iterator[Callable[[Server], Connection]]:
    """Opens connections to servers, closed at the end of the test."""
    opened: list[Connection] = []

    def open_one(server: Server) -> Connection:
        opened.append(connect(server.conninfo(application_name=HARNESS)))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture(scope="module")
def provided(module_server: Server) -> Server:
    """A server somebody else provides, its database marked as disposable."""
    with connect(module_server.conninfo(application_name=HARNESS)) as connection:
        connection.execute("COMMENT ON DATABASE rehearsal IS 'rehearse: disposable'")
    return module_server


@pytest.fixture(scope="module")
def external(provided: Server) -> ExternalEngine:
    """The external engine on `provided`."""
    spec = PostgresSpec(engine=EngineName.EXTERNAL, dsn_env=DSN_VARIABLE)
    return ExternalEngine(spec, environment={DSN_VARIABLE: provided.conninfo(application_name="somebody")})


@pytest.fixture(
    scope="module",
    params=["embedded 18", "embedded 16", "embedded 15", pytest.param("docker", marks=pytest.mark.docker), "external"],
)
def engine(request: pytest.FixtureRequest, home: Path) -> Iterator[Engine]:
    """Every engine in turn."""
    kind, _, version = str(request.param).partition(" ")
    if kind == "embedded":
        if version == "15" and not Path("/usr/lib/postgresql/15/bin/postgres").exists():
            pytest.skip("no system PostgreSQL 15 on this machine")
        made: Engine = EmbeddedEngine(PostgresSpec(version=version), home=Home(home))
    else:
        made = cast("Engine", request.getfixturevalue("docker_engine" if kind == "docker" else "external"))
    yield made
    for digest in ("contract", "second"):
        made.forget(digest)
