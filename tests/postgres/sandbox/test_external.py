"""The external engine: what it refuses, what it makes, what it removes."""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from harness.model.errors import SandboxError
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.external import ExternalEngine
from harness.sandbox.external_server import ExternalServer
from harness.spec.scenario import EngineName, PostgresSpec, Provider

pytestmark = pytest.mark.postgres
HARNESS = Role.HARNESS.application_name
SPEC = PostgresSpec(engine=EngineName.EXTERNAL, dsn_env="DSN")


@pytest.fixture
def admin(empty_server: Server) -> Iterator[Connection]:
    with connect(empty_server.conninfo(application_name=HARNESS)) as connection:
        yield connection


@pytest.fixture
def dsn(empty_server: Server) -> dict[str, str]:
    return {"DSN": empty_server.conninfo(application_name="x")}


def mark(admin: Connection) -> None:
    admin.execute("COMMENT ON DATABASE rehearsal IS 'copy of Tuesday; rehearse: disposable'")


def test_no_marker_is_refused_even_when_owned(admin: Connection, dsn: dict[str, str]) -> None:
    for owned in (False, True):
        with pytest.raises(SandboxError, match=r"(?s)no marker.*COMMENT ON DATABASE") as caught:
            ExternalEngine(SPEC, owned=owned, environment=dsn)
        assert "password" not in str(caught.value)


def test_a_marker_table_will_do(admin: Connection, dsn: dict[str, str]) -> None:
    admin.execute("CREATE SCHEMA rehearse_harness")
    admin.execute("CREATE TABLE rehearse_harness.disposable ()")
    ExternalEngine(SPEC, environment=dsn)


def test_other_sessions_are_refused_unless_owned(admin: Connection, empty_server: Server, dsn: dict[str, str]) -> None:
    mark(admin)
    with (
        connect(empty_server.conninfo(application_name="web")),
        pytest.raises(SandboxError, match="1 other session is"),
    ):
        ExternalEngine(SPEC, environment=dsn)
    with connect(empty_server.conninfo(application_name="web")):
        assert ExternalEngine(SPEC, owned=True, environment=dsn).name == "external"


def test_a_primary_with_slots_is_refused(admin: Connection, dsn: dict[str, str]) -> None:
    mark(admin)
    admin.execute("SELECT pg_create_physical_replication_slot('standby_1')")
    with pytest.raises(SandboxError, match=r"(?s)looks like production: the server keeps replication slots.*--i-own"):
        ExternalEngine(SPEC, environment=dsn)


def test_a_standby_is_refused(
    home: Path, empty_server: Server, embedded_engine: EmbeddedEngine, admin: Connection
) -> None:
    mark(admin)
    admin.execute("CHECKPOINT")
    standby = embedded_engine.clone("empty")
    try:
        with connect(standby.conninfo(application_name=HARNESS)) as connection:
            mark(connection)
            row = connection.execute("SHOW data_directory").fetchone()
        standby.stop()
        assert row is not None
        (Path(row[0]) / "standby.signal").touch()
        standby.start()
        with pytest.raises(SandboxError, match="the server is a standby"):
            ExternalEngine(SPEC, environment={"DSN": standby.conninfo(application_name="x")})
    finally:
        standby.discard()


def test_bad_dsns_are_told_apart_and_never_quoted() -> None:
    with pytest.raises(SandboxError, match="needs a DSN or a provider"):
        ExternalEngine(PostgresSpec(engine=EngineName.EXTERNAL), environment={})
    with pytest.raises(SandboxError, match="the variable DSN is not set"):
        ExternalEngine(SPEC, environment={})
    with pytest.raises(SandboxError, match="neither a URL nor") as caught:
        ExternalEngine(SPEC, environment={"DSN": "hunter2 is the password"})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SandboxError, match="does not let us in") as caught:
        ExternalEngine(SPEC, environment={"DSN": "postgresql://app:hunter2@127.0.0.1:1/db"})
    assert "hunter2" not in str(caught.value)


def test_databases_are_made_from_the_given_one_and_dropped(admin: Connection, dsn: dict[str, str]) -> None:
    mark(admin)
    admin.execute("CREATE TABLE theirs AS SELECT 1 AS x")
    admin.close()
    engine = ExternalEngine(SPEC, environment=dsn)
    first = engine.provision()
    with connect(first.conninfo(application_name=HARNESS)) as connection:
        connection.execute("INSERT INTO theirs VALUES (2)")
    engine.freeze(first, "d")
    first.discard()
    clone = engine.clone("d")
    with connect(clone.conninfo(application_name=HARNESS)) as connection:
        assert connection.execute("SELECT count(*) FROM theirs").fetchone() == (2,)
        assert connection.execute("SHOW deadlock_timeout").fetchone() == ("10ms",)
    clone.discard()
    engine.forget("d")
    with connect(dsn["DSN"]) as connection:
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^rehearse_'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM theirs").fetchone() == (1,)


def test_what_cannot_be_set_or_seen_is_said(admin: Connection, dsn: dict[str, str]) -> None:
    mark(admin)
    admin.execute("CREATE ROLE app LOGIN CREATEDB PASSWORD 'app'")
    admin.execute("ALTER DATABASE rehearsal OWNER TO app")
    admin.close()
    as_app = {"DSN": psycopg.conninfo.make_conninfo(dsn["DSN"], user="app", password="app")}
    spec = PostgresSpec(
        engine=EngineName.EXTERNAL, dsn_env="DSN", settings={"shared_buffers": "1GB", "work_mem": "9MB"}
    )
    server = ExternalEngine(spec, environment=as_app).provision()
    assert isinstance(server, ExternalServer)
    assert "shared_buffers stays the server's" in server.limits
    assert any("log_lock_waits cannot be turned on" in limit for limit in server.limits)
    assert "log_lock_waits" in server.description
    server.discard()
    unknown = PostgresSpec(engine=EngineName.EXTERNAL, dsn_env="DSN", settings={"wrk_mem": "9MB"})
    with pytest.raises(SandboxError, match="knows no setting 'wrk_mem'"):
        ExternalEngine(unknown, environment=as_app).provision()
    with connect(dsn["DSN"]) as connection:
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^rehearse_'").fetchone() == (0,)


def test_a_provider_makes_and_destroys_one_per_clone(
    dsn: dict[str, str], tmp_path: Path, session: Callable[[Server], Connection]
) -> None:
    answer, log = tmp_path / "answer.json", tmp_path / "log"
    answer.write_text(json.dumps({"dsn": dsn["DSN"]}), encoding="utf-8")
    provider = Provider(
        create=f"cat {shlex.quote(str(answer))}", destroy=f'echo "$REHEARSE_DSN" >> {shlex.quote(str(log))}'
    )
    engine = ExternalEngine(PostgresSpec(engine=EngineName.EXTERNAL, provider=provider), environment={})
    assert engine.has("anything")
    server = engine.clone("anything")
    assert server.clone_report is not None
    assert server.clone_report.method == "provider"
    session(server).execute("SELECT 1")
    server.discard()
    server.discard()
    assert log.read_text(encoding="utf-8").splitlines() == [dsn["DSN"]]


@pytest.mark.parametrize(
    ("create", "message"),
    [
        ("echo hello", "printed no DSN"),
        ("echo no quota >&2; exit 3", "failed with 3: no quota"),
        ("echo '[]'", "printed no DSN"),
    ],
)
def test_a_provider_that_fails_is_told(create: str, message: str) -> None:
    spec = PostgresSpec(engine=EngineName.EXTERNAL, provider=Provider(create=create))
    with pytest.raises(SandboxError, match=message):
        ExternalEngine(spec, environment={}).clone("x")
