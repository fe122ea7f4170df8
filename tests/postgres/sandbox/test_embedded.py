"""What only the embedded engine can get wrong: accounts, ports, settings, versions, extensions."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.errors import SandboxError, SnapshotError
from harness.model.words import Role
from harness.postgres.binaries import Installation, find_server
from harness.postgres.connect import connect
from harness.postgres.ports import Home, Server
from harness.sandbox.account import Account
from harness.sandbox.address import LOOPBACK, free_port
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.failures import PortTakenError
from harness.sandbox.process import make_cluster, reachable
from harness.spec.scenario import PostgresSpec

pytestmark = pytest.mark.postgres
HARNESS = Role.HARNESS.application_name


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody else who listens on a loopback port."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        yield taken


def test_a_taken_port_is_given_up_for_another(
    home: Path, embedded_engine: EmbeddedEngine, listener: socket.socket
) -> None:
    taken = listener.getsockname()[1]
    offered = iter([taken, free_port()])
    engine = EmbeddedEngine(PostgresSpec(), home=Home(home), find_port=lambda: next(offered))
    server = engine.clone("empty")
    try:
        assert server.environment(application_name=HARNESS)["PGPORT"] != str(taken)
    finally:
        server.discard()


def test_no_free_port_at_all_is_an_error_that_leaves_nothing(home: Path, listener: socket.socket) -> None:
    engine = EmbeddedEngine(PostgresSpec(), home=Home(home), find_port=lambda: int(listener.getsockname()[1]))
    before = set((home / "servers").glob("*"))
    with pytest.raises(PortTakenError, match="its port is taken"):
        engine.provision()
    assert set((home / "servers").glob("*")) == before


def test_restart_says_that_somebody_took_the_port(empty_server: Server) -> None:
    empty_server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((LOOPBACK, int(empty_server.environment(application_name=HARNESS)["PGPORT"])))
        taken.listen()
        with pytest.raises(PortTakenError):
            empty_server.start()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shared_bufers": "256MB"}, "(?s)knows no setting 'shared_bufers'.*did you mean 'shared_buffers'"),
        ({"shared_buffers": "lots"}, 'refuses shared_buffers: invalid value for parameter "shared_buffers"'),
        ({"work_mem": 1}, "refuses work_mem: 1 kB is outside the valid range"),
        ({"port": 5432}, "port belongs to the harness"),
        ({"deadlock_timeout": "1s"}, "has a key of its own"),
    ],
)
def test_settings_the_server_refuses_are_named(home: Path, settings: dict[str, str | int], message: str) -> None:
    before = set((home / "servers").glob("*"))
    with pytest.raises(SandboxError, match=message):
        EmbeddedEngine(PostgresSpec(settings={**settings}), home=Home(home)).provision()
    assert set((home / "servers").glob("*")) == before


def test_production_settings_reach_the_clone(home: Path, embedded_engine: EmbeddedEngine) -> None:
    spec = PostgresSpec(
        settings={"work_mem": "7MB", "app.tenant": "o'clock", "fsync": False, "max_connections": 300},
        deadlock_timeout="25ms",
    )
    server = EmbeddedEngine(spec, home=Home(home)).clone("empty")
    try:
        with connect(server.conninfo(application_name=HARNESS)) as connection:
            names = ["work_mem", "app.tenant", "fsync", "max_connections", "deadlock_timeout"]
            found = [connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
        assert found == [("7MB",), ("o'clock",), ("off",), ("300",), ("25ms",)]
    finally:
        server.discard()


def test_missing_version_and_extension_say_what_there_is(home: Path) -> None:
    with pytest.raises(SandboxError, match=r"(?s)no PostgreSQL 9.*there is: .*18.*hint: install postgresql-9"):
        EmbeddedEngine(PostgresSpec(version="9"), home=Home(home))
    with pytest.raises(SandboxError, match="lacks the extension timescaledb"):
        EmbeddedEngine(PostgresSpec(extensions=("timescaledb",)), home=Home(home))
    with pytest.raises(SandboxError, match="is not a PostgreSQL version"):
        EmbeddedEngine(PostgresSpec(version="latest"), home=Home(home))


@pytest.mark.skipif(
    not Path("/usr/share/postgresql/15/extension/hstore.control").exists(), reason="no contrib modules here"
)
def test_a_system_installation_serves_contrib_extensions(home: Path) -> None:
    server = EmbeddedEngine(PostgresSpec(version="15", extensions=("hstore",)), home=Home(home)).provision()
    try:
        with connect(server.conninfo(application_name=HARNESS)) as connection:
            connection.execute("CREATE EXTENSION hstore")
    finally:
        server.discard()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers under another account")
def test_a_home_the_servers_account_cannot_enter_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(SandboxError, match=r"(?s)cannot enter .*hint: choose a home elsewhere"):
        EmbeddedEngine(PostgresSpec(), home=Home(closed / "home"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers under another account")
def test_programs_the_servers_account_cannot_reach_are_copied(home: Path, tmp_path: Path) -> None:
    account = Account.for_servers()
    found = find_server(18)
    package = found.folder.parent.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package / found.folder.parent.name, closed / package.name / found.folder.parent.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    hidden = Installation(
        folder=closed / package.name / found.folder.parent.name / "bin", version=found.version, origin="hidden"
    )
    assert account.unreachable(hidden.folder) is not None
    copied = reachable(hidden, account=account, home=home)
    assert account.unreachable(copied.folder) is None
    assert copied.extensions == found.extensions
    cluster = home / "copied"
    account.make_folder(cluster)
    make_cluster(copied, cluster / "data", account=account, password="x")
    assert (cluster / "data" / "PG_VERSION").read_text(encoding="utf-8").strip() == "18"


def test_outside_tablespaces_cannot_be_frozen(home: Path, embedded_engine: EmbeddedEngine) -> None:
    server = embedded_engine.provision()
    try:
        data = home / "servers"
        outside = next(data.iterdir()) / "tablespace"
        outside.mkdir()
        owner = outside.parent.stat()
        os.chown(outside, owner.st_uid, owner.st_gid)
        with connect(server.conninfo(application_name=HARNESS)) as connection:
            connection.execute(f"CREATE TABLESPACE elsewhere LOCATION '{outside}'".encode())
        with pytest.raises(SnapshotError, match="1 tablespaces outside"):
            embedded_engine.freeze(server, "with-tablespace")
        assert not embedded_engine.has("with-tablespace")
    finally:
        server.discard()


def test_only_loopback_and_only_with_the_password(empty_server: Server) -> None:
    with connect(empty_server.conninfo(application_name=HARNESS)) as connection:
        found = [connection.execute(f"SHOW {name}".encode()).fetchone()
                 for name in ("listen_addresses", "unix_socket_directories")]  # fmt: skip
        rules = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules ORDER BY 1").fetchall()
    assert found == [("127.0.0.1",), ("",)]
    assert rules == [("reject",), ("scram-sha-256",)]
