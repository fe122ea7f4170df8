"""The store with real servers: dumps of a running database, server files as they are, and rehearsing on both."""

import gzip
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from harness.model.errors import RestoreError, SnapshotError
from harness.postgres.connect import connect
from harness.postgres.ports import Home, Server
from harness.sandbox.account import Account
from harness.sandbox.address import free_port
from harness.sandbox.collect import forget_snapshot
from harness.sandbox.embedded import EmbeddedEngine, EmbeddedServer
from harness.sandbox.process import ServerProcess, configure
from harness.snapshot.intake import describe_content
from harness.snapshot.intake_data import take_data_directory
from harness.snapshot.intake_dump import take_dump
from harness.snapshot.intake_live import take_database
from harness.snapshot.prepare import PreparedSnapshot, prepare_snapshot
from harness.snapshot.store.check import differences
from harness.snapshot.store.room import prepared_copies, sweep
from harness.snapshot.store.shelf import Shelf, Stored
from harness.spec.load import load_scenario
from harness.spec.scenario import PostgresSpec

pytestmark = pytest.mark.postgres

BIG = 1 << 40
ALIKE_ON_A_STANDBY = (
    "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
    "max_locks_per_transaction",
)  # fmt: skip


@pytest.fixture
def fresh_home(home: Path, tmp_path: Path) -> Path:
    place = home / f"store-{tmp_path.name}"
    place.mkdir(mode=0o711)
    return place


@pytest.fixture
def engine(fresh_home: Path) -> EmbeddedEngine:
    return EmbeddedEngine(PostgresSpec(version="18"), home=Home(fresh_home))


def dsn(server: Server) -> str:
    return server.conninfo(application_name="somebody")


def rows(server: Server, text: str) -> list[tuple[object, ...]]:
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        return connection.execute(text.encode()).fetchall()


def dumped(home: Path, name: str, server: Server, *, schema_only: tuple[str, ...] = (), jobs: int = 2) -> Stored:
    shelf = Shelf(home)
    with shelf.making(name) as partial:
        taken = take_database(dsn(server), partial, jobs=jobs, schema_only=schema_only)
        return shelf.publish(partial, describe_content(partial, name, taken, limit_bytes=BIG))


def taken_in(home: Path, name: str, dump: Path) -> Stored:
    shelf = Shelf(home)
    with shelf.making(name) as partial:
        return shelf.publish(partial, describe_content(partial, name, take_dump(dump, partial), limit_bytes=BIG))


def files_of(home: Path, name: str, data: Path, *, database: str = "") -> Stored:
    shelf = Shelf(home)
    with shelf.making(name) as partial:
        taken = take_data_directory(data, partial, database=database)
        return shelf.publish(partial, describe_content(partial, name, taken, limit_bytes=BIG))


def prepare(engine: EmbeddedEngine, folder: Path, home: Path, source: str, version: str = "18") -> PreparedSnapshot:
    (folder / "up.sql").write_text("SELECT 1;\n")
    path = folder / "scenario.toml"
    path.write_text(f'[migration]\nup = "up.sql"\n[snapshot]\nsource = "{source}"\n[postgres]\nversion = "{version}"\n')
    return prepare_snapshot(engine, load_scenario(path), home=home)


@pytest.fixture
def stopped(engine: EmbeddedEngine) -> Iterator[EmbeddedServer]:
    """A server with bloat, dead rows and statistics of its own, stopped."""
    server = engine.provision()
    assert isinstance(server, EmbeddedServer)
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute(
            "CREATE TABLE t WITH (autovacuum_enabled = off) AS SELECT i FROM generate_series(1, 20000) i"
        )
        connection.execute("ANALYZE t")
        connection.execute("DELETE FROM t WHERE i % 2 = 0")
    server.stop()
    yield server
    server.discard()


def test_a_running_database_is_dumped_read_only_and_rehearsed_on_by_name(
    engine: EmbeddedEngine, original: Server, fresh_home: Path, tmp_path: Path
) -> None:
    stored = dumped(fresh_home, "prod", original, schema_only=("*.events*",))
    entry = stored.entry
    assert (entry.kind, entry.source.kind, entry.schema_only) == ("directory", "database", ("*.events*",))
    assert entry.source.server_version.startswith("18")
    assert entry.source.dump_version.startswith("18")
    assert {"public.customers", "public.orders", "public.events_2025"} <= {table.name for table in entry.tables}
    assert differences(stored) == ()
    made = prepare(engine, tmp_path, fresh_home, "prod")
    assert (made.cached, made.source_name, made.rows) == (False, "prod", 4000)
    assert prepare(engine, tmp_path, fresh_home, "prod").cached
    # The same dump outside of the store is the same snapshot.
    assert prepare(engine, tmp_path, fresh_home, str(stored.content)).cached
    assert [copy.stored for copy in prepared_copies(fresh_home)] == [entry.digest]


def test_the_password_is_in_no_argument_and_no_file(
    original: Server, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = dsn(original).split("password=")[1].split()[0]
    seen: list[str] = []
    really = subprocess.Popen

    def watched(*args: object, **options: object) -> object:
        seen.extend(map(str, args[0] if isinstance(args[0], list) else [args[0]]))
        return really(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", watched)
    stored = dumped(fresh_home, "prod", original)
    assert any("pg_dump" in argument for argument in seen)
    assert not any(password in argument for argument in seen)
    assert password not in (stored.folder / "snapshot.json").read_text()


def test_a_role_that_may_not_read_is_told_the_way_out_and_nothing_is_left(original: Server, fresh_home: Path) -> None:
    with connect(dsn(original)) as connection:
        connection.execute("CREATE ROLE nobody_much LOGIN PASSWORD 'x'")
    try:
        weak = dsn(original).replace("user=postgres", "user=nobody_much").split("password=")
        shelf = Shelf(fresh_home)
        with pytest.raises(SnapshotError, match="permission denied") as caught, shelf.making("prod") as partial:
            take_database(f"{weak[0]} password=x {weak[1].split(' ', 1)[1]}", partial, jobs=1)
        assert "pg_read_all_data" in caught.value.hint
        assert shelf.names() == []
        assert not list(shelf.root.glob("prod*"))
    finally:
        with connect(dsn(original)) as connection:
            connection.execute("DROP ROLE nobody_much")


@pytest.mark.parametrize("kind", ["custom", "directory", "tar", "plain", "custom.zst", "tar.gz", "plain.gz"])
def test_every_dump_comes_in_whole(kind: str, fresh_home: Path, dumps: dict[str, Path]) -> None:
    stored = taken_in(fresh_home, "it", dumps[kind])
    assert stored.entry.kind == kind.split(".")[0]
    assert differences(stored) == ()
    if stored.entry.kind != "plain":
        assert "public.orders" in {table.name for table in stored.entry.tables}
        assert stored.entry.source.taken_at.startswith("20")


@pytest.mark.parametrize("kind", ["custom", "custom plain", "tar", "plain", "custom.zst", "tar.gz", "plain.gz"])
def test_every_cut_dump_is_refused_and_leaves_nothing(
    kind: str, fresh_home: Path, tmp_path: Path, dumps: dict[str, Path]
) -> None:
    raw = dumps[kind].read_bytes()
    (tmp_path / "cut").write_bytes(raw[: int(len(raw) * 0.8)])
    with pytest.raises(RestoreError, match="not a whole dump"):
        taken_in(fresh_home, "it", tmp_path / "cut")
    assert not list((fresh_home / "store").glob("it*"))


def test_a_directory_dump_with_a_cut_or_missing_file_is_refused(
    fresh_home: Path, tmp_path: Path, dumps: dict[str, Path]
) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    for file in dumps["directory"].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    big = max(folder.glob("*.gz"), key=lambda file: file.stat().st_size)
    whole = big.read_bytes()
    assert gzip.decompress(whole)
    big.write_bytes(whole[:-9])
    with pytest.raises(RestoreError, match="not a whole dump"):
        taken_in(fresh_home, "it", folder)
    big.unlink()
    with pytest.raises(RestoreError, match="missing"):
        taken_in(fresh_home, "it", folder)


def test_a_stopped_servers_files_keep_their_bloat_and_statistics(
    engine: EmbeddedEngine, stopped: EmbeddedServer, fresh_home: Path, tmp_path: Path
) -> None:
    stored = files_of(fresh_home, "files", stopped.folder / "data")
    assert (stored.entry.kind, stored.entry.source.kind) == ("data directory", "data directory")
    assert not {name for name in stored.entry.files if name.endswith((".conf", ".key", ".pid"))}
    made = prepare(engine, tmp_path, fresh_home, "files")
    server = engine.clone(made.digest)
    try:
        # A dump of these rows would take half of it.
        assert rows(server, "SELECT count(*), pg_relation_size('t') > 85 * 8192 FROM t") == [(10000, True)]
        assert rows(server, "SELECT reltuples FROM pg_class WHERE relname = 't'") == [(20000.0,)]
        assert rows(server, "SELECT current_database()") == [("rehearsal",)]
    finally:
        server.discard()
    assert differences(stored) == ()


def test_a_base_backup_of_a_running_server_recovers_and_its_database_is_taken_over(
    engine: EmbeddedEngine, stopped: EmbeddedServer, fresh_home: Path, tmp_path: Path
) -> None:
    engine.freeze(stopped, "source")
    running = engine.clone("source")
    try:
        admin = running.conninfo(application_name="rehearse/harness").replace("dbname=rehearsal", "dbname=postgres")
        with connect(admin) as connection:
            connection.execute('ALTER DATABASE rehearsal RENAME TO "the shop"')
        program = engine.installation.program("pg_basebackup")
        backup = fresh_home / "backup"
        subprocess.run([str(program), "-Fp", "-c", "fast", "-D", str(backup), "-d", admin], check=True)
        data = next(p for p in (fresh_home / "clones").glob("*/data"))
        with pytest.raises(SnapshotError, match="is running"):
            files_of(fresh_home, "running", data)
    finally:
        running.discard()
    assert files_of(fresh_home, "backup", backup).entry.source.kind == "base backup"
    assert prepare(engine, tmp_path, fresh_home, "backup").rows > 0
    assert not any((fresh_home / "servers").iterdir())


def test_a_hot_standby_is_dumped_by_several_sessions(
    engine: EmbeddedEngine, stopped: EmbeddedServer, fresh_home: Path
) -> None:
    engine.freeze(stopped, "source")
    primary = engine.clone("source")
    folder = fresh_home / "standby"
    account = Account.for_servers()
    account.make_folder(folder)
    data = folder / "data"
    standby = ServerProcess(engine.installation, data, account=account)
    try:
        program = engine.installation.program("pg_basebackup")
        subprocess.run([str(program), "-R", "-c", "fast", "-D", str(data), "-d", dsn(primary)], check=True)
        for path in (data, *data.rglob("*")):
            account.own(path)
        port = str(free_port())
        # A standby must allow at least what its primary does (manual, 26.4.3).
        limits = rows(primary, f"SELECT name, setting FROM pg_settings WHERE name IN {ALIKE_ON_A_STANDBY}")
        configure(data, port=int(port), settings={str(n): str(v) for n, v in limits}, account=account)
        standby.start()
        there = make_conninfo(dsn(primary), port=port)
        with connect(there) as connection:
            assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        shelf = Shelf(fresh_home)
        with shelf.making("standby") as partial:
            taken = take_database(there, partial, jobs=2)
            stored = shelf.publish(partial, describe_content(partial, "standby", taken, limit_bytes=BIG))
        assert stored.entry.source.kind == "standby"
        assert [table.name for table in stored.entry.tables] == ["public.t"]
        assert differences(stored) == ()
    finally:
        standby.stop(crash=True)
        primary.discard()


def test_another_major_version_is_refused_with_the_way_out(
    engine: EmbeddedEngine, engine16: EmbeddedEngine, stopped: EmbeddedServer, fresh_home: Path, tmp_path: Path
) -> None:
    files_of(fresh_home, "files", stopped.folder / "data")
    with pytest.raises(SnapshotError, match=r"PostgreSQL 18, the scenario's is 16") as caught:
        prepare(engine16, tmp_path, fresh_home, "files", version="16")
    assert 'version = "18"' in caught.value.hint


def test_of_two_processes_that_make_one_name_one_does(original: Server, fresh_home: Path) -> None:
    outcomes: list[object] = []
    barrier = threading.Barrier(3)

    def make() -> None:
        barrier.wait()
        try:
            outcomes.append(dumped(fresh_home, "prod", original, jobs=1).name)
        except SnapshotError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("prod") == 1
    refused = [str(error) for error in outcomes if isinstance(error, SnapshotError)]
    assert all("being made by another process" in text or "prod already" in text for text in refused)
    assert len(refused) == 2
    assert differences(Shelf(fresh_home).get("prod")) == ()


def test_a_used_snapshot_stays_and_its_prepared_copy_goes_with_it_later(
    engine: EmbeddedEngine, original: Server, fresh_home: Path, tmp_path: Path
) -> None:
    dumped(fresh_home, "prod", original)
    pid = os.fork()
    if pid == 0:  # the run of another process, which ends and lets go
        prepare(engine, tmp_path, fresh_home, "prod")
        os._exit(0)
    os.waitpid(pid, 0)
    shelf = Shelf(fresh_home)
    [copy] = prepared_copies(fresh_home)
    with shelf.reading("prod"), pytest.raises(SnapshotError, match="in use"):
        shelf.remove("prod")
    shelf.remove("prod")
    assert sweep(shelf, fresh_home, forget=lambda digest: forget_snapshot(fresh_home, digest))
    assert not engine.has(copy.digest)
    assert not copy.note.exists()
