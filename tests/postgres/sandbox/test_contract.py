"""What every engine promises, on real servers."""

from collections.abc import Callable

import pytest

from harness.model.errors import SandboxError, SnapshotError
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Engine, Server

pytestmark = pytest.mark.postgres
HARNESS = Role.HARNESS.application_name
Open = Callable[[Server], Connection]


def value(connection: Connection, question: str) -> object:
    row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture(scope="module")
def frozen(engine: Engine) -> Engine:
    """The engine with a snapshot of one table of three rows."""
    server = engine.provision()
    try:
        with connect(server.conninfo(application_name=HARNESS)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 3) AS id")
        engine.freeze(server, "contract")
    finally:
        server.discard()
    return engine


def test_clones_hold_the_snapshot_and_do_not_share_it(frozen: Engine, session: Open) -> None:
    assert frozen.has("contract")
    one, two = frozen.clone("contract"), frozen.clone("contract")
    try:
        session(one).execute("DELETE FROM kept")
        assert value(session(two), "SELECT count(*) FROM kept") == 3
        assert value(session(one), "SELECT count(*) FROM kept") == 0
    finally:
        one.discard()
        two.discard()
    after = frozen.clone("contract")
    assert value(session(after), "SELECT count(*) FROM kept") == 3
    after.discard()


def test_a_clone_says_what_it_is(frozen: Engine, session: Open) -> None:
    steps: list[tuple[str, int, int | None]] = []
    server = frozen.clone("contract", on_progress=lambda *step: steps.append(step))
    try:
        assert steps
        assert server.engine == frozen.name
        assert server.version_num == int(str(value(session(server), "SHOW server_version_num")))
        assert server.version in server.description
        report = server.clone_report
        assert report is not None
        assert report.method in ("reflink", "copy", "volume copy", "template clone")
        assert report.size_bytes > 1_000_000
        assert report.duration_ns > 0
        environment = server.environment(application_name="rehearse/migration")
        assert environment["PGAPPNAME"] == "rehearse/migration"
        assert environment["DATABASE_URL"].endswith(f":{environment['PGPORT']}/{environment['PGDATABASE']}")
        assert environment["PGPASSWORD"] not in server.description
    finally:
        server.discard()


def test_a_clone_observes_and_is_as_durable_as_production(frozen: Engine, session: Open) -> None:
    server = frozen.clone("contract")
    try:
        connection = session(server)
        wanted = dict.fromkeys(["log_lock_waits", "track_io_timing", "logging_collector", "autovacuum"], "on")
        wanted |= dict.fromkeys(["synchronous_commit", "full_page_writes"], "on")
        if server.engine != "external":  # whether its server flushes is its owner's choice, made when it was started
            wanted |= {"fsync": "on"}
        wanted |= {"deadlock_timeout": "10ms"}
        found = {name: value(connection, f"SHOW {name}") for name in wanted}
        assert found == wanted
        assert int(str(value(connection, "SHOW max_connections"))) >= 200
        log = "SELECT pg_read_binary_file(pg_current_logfile('jsonlog'), 0, 4096, true)"
        assert b"database system is ready" in bytes(value(connection, log))  # type: ignore[call-overload]
    finally:
        server.discard()


def test_discard_twice(frozen: Engine) -> None:
    server = frozen.clone("contract")
    server.discard()
    server.discard()


def test_a_crash_keeps_what_was_committed(frozen: Engine, session: Open) -> None:
    server = frozen.clone("contract")
    try:
        if server.engine == "external":
            with pytest.raises(SandboxError, match="cannot be crashed"):
                server.stop(crash=True)
            return
        address = server.conninfo(application_name="rehearse/harness")
        writer = session(server)
        writer.execute("INSERT INTO kept VALUES (4)")
        server.stop(crash=True)
        server.start()
        assert server.conninfo(application_name="rehearse/harness") == address
        assert value(session(server), "SELECT count(*) FROM kept") == 4
        server.stop()
        server.start()
        assert value(session(server), "SELECT count(*) FROM kept") == 4
    finally:
        server.discard()


def test_snapshots_are_stored_and_forgotten(frozen: Engine) -> None:
    for _ in range(2):
        server = frozen.provision()
        frozen.freeze(server, "second")
        server.discard()
        assert frozen.has("second")
    frozen.clone("second").discard()
    frozen.forget("second")
    frozen.forget("never made")
    assert not frozen.has("second")
    with pytest.raises(SnapshotError, match="no stored snapshot"):
        frozen.clone("second")


def test_collect_leaves_a_live_run_alone(frozen: Engine, session: Open) -> None:
    server = frozen.clone("contract")
    try:
        assert frozen.collect() == []
        assert value(session(server), "SELECT count(*) FROM kept") == 3
    finally:
        server.discard()
