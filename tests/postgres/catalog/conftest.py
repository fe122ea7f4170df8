"""Servers of every supported major version, one object of every kind in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.spec.scenario import PostgresSpec

HARNESS = Role.HARNESS.application_name
ZOO = Path(__file__).with_name("zoo.sql")


@pytest.fixture(scope="module", params=["18", "16", "15"])
def zoo_server(request: pytest.FixtureRequest, home: Path) -> Iterator[Server]:
    """A server of each version with the zoo in it."""
    if request.param == "15" and not Path("/usr/lib/postgresql/15/bin/postgres").exists():
        pytest.skip("no system PostgreSQL 15 on this machine")
    server = EmbeddedEngine(PostgresSpec(version=request.param), home=Home(home)).provision()
    try:
        with connect(server.conninfo(application_name=HARNESS)) as connection:
            connection.execute(ZOO.read_bytes())
        yield server
    finally:
        server.discard()


@pytest.fixture
def zoo(zoo_server: Server) -> Iterator[Connection]:
    """A connection to the zoo, for reading: what a test changes it must put back."""
    with connect(zoo_server.conninfo(application_name=HARNESS)) as connection:
        yield connection


@pytest.fixture
def other(zoo_server: Server) -> Iterator[Connection]:
    """A second connection."""
    with connect(zoo_server.conninfo(application_name=HARNESS)) as connection:
        yield connection


@pytest.fixture
def plain(zoo_server: Server) -> Iterator[Connection]:
    """A connection with an empty schema `plain` first in its search path, dropped afterwards."""
    with connect(zoo_server.conninfo(application_name=HARNESS)) as connection:
        connection.execute("CREATE SCHEMA plain")
        connection.execute("SET search_path TO plain")
        yield connection
        connection.execute("DROP SCHEMA plain CASCADE")
