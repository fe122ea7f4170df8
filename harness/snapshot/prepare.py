"""Preparing a snapshot once: restore, setup, amplify, vacuum and analyze, freeze; finding it again by its digest."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import msgspec
from psycopg import sql

from harness.model.errors import RestoreError, SnapshotError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import Engine, Progress, Server
from harness.snapshot.amplify.grow import amplify
from harness.snapshot.archives import jobs
from harness.snapshot.clients import environment, newest_client, run_client
from harness.snapshot.digest import snapshot_digest
from harness.snapshot.locks import hold_until_exit, locked
from harness.snapshot.restore import (
    available_extensions,
    check_extensions,
    create_extensions,
    data_folder,
    restore,
    room_query,
)
from harness.snapshot.restore_masked import refuse_policy, restore_masked
from harness.snapshot.setup import run_setup
from harness.snapshot.store.entry import DATA_DIRECTORY
from harness.snapshot.store.resolve import use_source
from harness.snapshot.store.room import in_use_lock
from harness.snapshot.store.shelf import Stored
from harness.spec.load import LoadedScenario

_SYNCHRONOUS: Final = "synchronous_commit=on"


@dataclass(frozen=True, slots=True)
class PreparedSnapshot:
    """A snapshot that the engine holds under `digest`.

    `source_name` is the dump's file name, "" for an empty database; `cached` that nothing had to be done this time;
    `size_bytes` the database's; `duration_ns` what this call took; `tables` those that hold rows (partitions counted,
    their parents not); `rows` all of theirs, as ANALYZE counted or, for big tables, estimated them; `notes` what a
    reader of figures has to know of an amplified one.
    """

    digest: str
    source_name: str
    cached: bool
    size_bytes: int
    duration_ns: int
    tables: int
    rows: int
    notes: tuple[str, ...] = ()


class _Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept about a prepared snapshot, beside it and not inside: the rehearsed database stays as restored."""

    tables: int
    rows: int
    size_bytes: int
    stored: str = ""
    """Digest of the stored snapshot it was made from: removed together with that."""
    notes: tuple[str, ...] = ()
    """What a reader of figures has to know of an amplified one."""


@runtime_checkable
class TakesDataDirectories(Protocol):
    """An engine that can run on a server's files as they are."""

    def adopt(self, data: Path, *, database: str, on_progress: Progress | None = None) -> Server:
        """A started server on a copy of the data directory; `database` becomes the working one ("": the only one)."""
        ...


def prepare_snapshot(
    engine: Engine, loaded: LoadedScenario, *, home: Path, on_progress: Progress | None = None
) -> PreparedSnapshot:
    """The scenario's snapshot, restored into `engine` if it is not there yet, and not to be evicted before this process
    ends.

    `home` is the harness's folder: the store, locks, notes and what must be unpacked are there. Of two runs that want
    the same snapshot the second waits. RestoreError, SnapshotError or SpecError where source or setup files are wrong;
    nothing half-done is left.
    """
    began = time.monotonic_ns()
    spec = loaded.scenario
    source = use_source(loaded, home=home)
    stored = source.entry if isinstance(source, Stored) else None
    digest = snapshot_digest(
        spec.snapshot, postgres=spec.postgres, identity=engine.identity, folder=loaded.folder, stored=stored
    )
    notes = home / "prepared" / f"{digest}.json"
    notes.parent.mkdir(parents=True, exist_ok=True)
    hold_until_exit(in_use_lock(notes))
    with locked(notes.with_suffix(".lock"), on_progress):
        cached = engine.has(digest)
        before = _read_notes(notes) if cached else None
        contents = before
        if contents is None:
            contents = (
                _look_inside(engine, digest) if cached else _make(engine, loaded, source, digest, home, on_progress)
            )
        contents = msgspec.structs.replace(contents, stored=stored.digest if stored else contents.stored)
        if contents != before:
            notes.write_bytes(msgspec.json.encode(contents))
    return PreparedSnapshot(
        digest=digest,
        source_name=Path(spec.snapshot.source).name,
        cached=cached,
        size_bytes=contents.size_bytes,
        duration_ns=time.monotonic_ns() - began,
        tables=contents.tables,
        rows=contents.rows,
        notes=contents.notes,
    )


def _make(
    engine: Engine,
    loaded: LoadedScenario,
    source: Path | Stored | None,
    digest: str,
    home: Path,
    on_progress: Progress | None,
) -> _Contents:
    if on_progress:
        on_progress("provision", 0, None)
    scale = loaded.scenario.snapshot.scale
    files = source if isinstance(source, Stored) and source.entry.kind == DATA_DIRECTORY else None
    dump = None if files else _dump_of(source)
    if loaded.scenario.snapshot.policy:
        refuse_policy(dump, what="a server's files are used as they are" if files else "there is none")
    server = _adopt(engine, files, on_progress) if files else engine.provision()
    try:
        told = _fill(server, loaded, dump, home=home, on_progress=on_progress)
        told += _amplify(server, scale, on_progress=on_progress) if scale > 1 else ()
        # A server's files are rehearsed on with the bloat and the statistics they came with.
        if dump or scale > 1 or (loaded.scenario.snapshot.setup and not files):
            vacuum_analyze(server, on_progress=on_progress)
        told += _collations(server) if files else ()
        contents = msgspec.structs.replace(_contents(server), notes=told)
        if on_progress:
            on_progress("freeze", 0, None)
        engine.freeze(server, digest)
    except BaseException:
        server.discard()
        raise
    return contents


def _collations(server: Server) -> tuple[str, ...]:
    """What is wrong with a foreign server's indexes on text, if anything."""
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        row = connection.execute(room_query("collation_versions")).fetchone()
    there, here = row or ("", "")
    if there == here:
        return ()
    versions = f"version {there or 'unknown'} of their collation, this machine has {here or 'none'}"
    remedy = "REINDEX in [snapshot] setup, or rehearse on a dump"
    return (f"the server's files were made with {versions}: indexes on text may be out of order; {remedy}",)


def _dump_of(source: Path | Stored | None) -> Path | None:
    return source.content if isinstance(source, Stored) else source


def _adopt(engine: Engine, stored: Stored, on_progress: Progress | None) -> Server:
    if not isinstance(engine, TakesDataDirectories):
        raise SnapshotError(
            f"the snapshot {stored.name} is a data directory, which the {engine.name} engine cannot start from",
            hint='write [postgres] engine = "embedded" or "docker", or dump the database and store the dump',
        )
    return engine.adopt(stored.content, database=stored.entry.source.dbname, on_progress=on_progress)


def _fill(
    server: Server, loaded: LoadedScenario, dump: Path | None, *, home: Path, on_progress: Progress | None
) -> tuple[str, ...]:
    """Dump or extensions, then the setup files; what a reader of figures has to know of it."""
    snapshot, extensions = loaded.scenario.snapshot, loaded.scenario.postgres.extensions
    told: tuple[str, ...] = ()
    if dump and snapshot.policy:
        policy = loaded.folder / snapshot.policy
        told = (restore_masked(dump, server, policy=policy, extensions=extensions, work=home, on_progress=on_progress),)
    elif dump:
        restore(dump, server, extensions=extensions, work=home, on_progress=on_progress)
    elif extensions:
        with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
            check_extensions(extensions, available=available_extensions(connection), named_by="the scenario")
            create_extensions(connection, extensions)
    run_setup(server, snapshot.setup, folder=loaded.folder, variables=snapshot.variables, on_progress=on_progress)
    return told


def _amplify(server: Server, scale: int, *, on_progress: Progress | None) -> tuple[str, ...]:
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        return amplify(connection, scale=scale, data=data_folder(server), on_progress=on_progress).notes


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
