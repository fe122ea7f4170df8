"""Preparing a snapshot once: restore, setup, vacuum and analyze, freeze; and finding it again by its digest."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from psycopg import sql

from harness.model.errors import RestoreError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import Engine, Progress, Server
from harness.snapshot.archives import jobs
from harness.snapshot.clients import environment, newest_client, run_client
from harness.snapshot.digest import snapshot_digest
from harness.snapshot.restore import available_extensions, check_extensions, create_extensions, restore, room_query
from harness.snapshot.setup import run_setup
from harness.spec.load import LoadedScenario

_SYNCHRONOUS: Final = "synchronous_commit=on"
# Short beside a restore, and the wait costs nothing.
_LOCK_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class PreparedSnapshot:
    """A snapshot that the engine holds under `digest`.

    `source_name` is the dump's file name, "" for an empty database; `cached` that nothing had to be done this time;
    `size_bytes` the database's; `duration_ns` what this call took; `tables` those that hold rows (partitions counted,
    their parents not); `rows` all of theirs, as ANALYZE counted or, for big tables, estimated them.
    """

    digest: str
    source_name: str
    cached: bool
    size_bytes: int
    duration_ns: int
    tables: int
    rows: int


class _Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept about a prepared snapshot, beside it and not inside: the rehearsed database stays as restored."""

    tables: int
    rows: int
    size_bytes: int


def prepare_snapshot(
    engine: Engine, loaded: LoadedScenario, *, home: Path, on_progress: Progress | None = None
) -> PreparedSnapshot:
    """The scenario's snapshot, restored into `engine` if it is not there yet.

    `home` is the harness's folder: locks, notes and what must be unpacked go there. Of two runs that want the same
    snapshot the second waits. RestoreError or SpecError where dump or setup files are wrong; nothing half-done is left.
    """
    began = time.monotonic_ns()
    spec = loaded.scenario
    digest = snapshot_digest(spec.snapshot, postgres=spec.postgres, identity=engine.identity, folder=loaded.folder)
    notes = home / "prepared" / f"{digest}.json"
    notes.parent.mkdir(parents=True, exist_ok=True)
    with _locked(notes.with_suffix(".lock"), on_progress):
        cached = engine.has(digest)
        contents = _read_notes(notes) if cached else None
        if contents is None:
            contents = _look_inside(engine, digest) if cached else _make(engine, loaded, digest, home, on_progress)
            notes.write_bytes(msgspec.json.encode(contents))
    return PreparedSnapshot(
        digest=digest,
        source_name=Path(spec.snapshot.source).name,
        cached=cached,
        size_bytes=contents.size_bytes,
        duration_ns=time.monotonic_ns() - began,
        tables=contents.tables,
        rows=contents.rows,
    )


def _make(engine: Engine, loaded: LoadedScenario, digest: str, home: Path, on_progress: Progress | None) -> _Contents:
    if on_progress:
        on_progress("provision", 0, None)
    server = engine.provision()
    try:
        _fill(server, loaded, home=home, on_progress=on_progress)
        contents = _contents(server)
        if on_progress:
            on_progress("freeze", 0, None)
        engine.freeze(server, digest)
    except BaseException:
        server.discard()
        raise
    return contents


def _fill(server: Server, loaded: LoadedScenario, *, home: Path, on_progress: Progress | None) -> None:
    snapshot, extensions = loaded.scenario.snapshot, loaded.scenario.postgres.extensions
    if snapshot.source:
        restore(loaded.resolve(snapshot.source), server, extensions=extensions, work=home, on_progress=on_progress)
    elif extensions:
        with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
            check_extensions(extensions, available=available_extensions(connection), named_by="the scenario")
            create_extensions(connection, extensions)
    run_setup(server, snapshot.setup, folder=loaded.folder, variables=snapshot.variables, on_progress=on_progress)
    if snapshot.source or snapshot.setup:
        vacuum_analyze(server, on_progress=on_progress)


def vacuum_analyze(server: Server, *, on_progress: Progress | None = None) -> None:
    """VACUUM (ANALYZE) every table, several at once.

    Rows just copied in have neither hint bits nor a visibility map. Production's have; without this the first statement
    of the migration that reads a table would pay for writing them.
    """
    if on_progress:
        on_progress("vacuum", 0, None)
    _flush_wal(server)
    env = environment(server)
    # The server keeps the WAL position of unflushed commits for 32 transactions together (clog.c): one parallel job
    # that does not wait for its own commits would spoil the pages of the others.
    env["PGOPTIONS"] += f" -c {_SYNCHRONOUS}"
    command = [str(newest_client("vacuumdb")), "--analyze", "--quiet", "-j", str(jobs()), "-d", env["PGDATABASE"]]
    outcome = run_client(command, env=env)
    if outcome.returncode != 0:
        raise RestoreError(f"vacuumdb ended with code {outcome.returncode} after the restore")
    # vacuumdb leaves out partitioned parents, whose statistics plans of queries on all partitions need.
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        for schema, table in connection.execute(room_query("partitioned_tables")).fetchall():
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))


def _flush_wal(server: Server) -> None:
    """Commit once synchronously: while the commits of the restore, made without waiting, are not written to the WAL, no
    hint bit of their rows may be set, and VACUUM finds not one page all-visible.
    """
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        connection.execute(f"SET {_SYNCHRONOUS}")
        # A transaction that has written nothing to the WAL is not waited for whatever it is set to (xact.c).
        connection.execute("SELECT pg_logical_emit_message(true, 'rehearse', '')")


def _contents(server: Server) -> _Contents:
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        row = connection.execute(room_query("contents")).fetchone()
    tables, rows, size = row or (0, 0, 0)
    return _Contents(tables=tables, rows=rows, size_bytes=size)


def _look_inside(engine: Engine, digest: str) -> _Contents:
    """The contents of a snapshot whose notes are gone: it may have outlived them, as a container's volume."""
    server = engine.clone(digest)
    try:
        return _contents(server)
    finally:
        server.discard()


def _read_notes(path: Path) -> _Contents | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Contents)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


@contextmanager
def _locked(path: Path, on_progress: Progress | None) -> Iterator[None]:
    """Hold the lock file `path`; the system lets go of it when this process ends, however it ends."""
    with path.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if on_progress:
                    on_progress("wait for another run", 0, None)
                time.sleep(_LOCK_POLL_S)
        yield
