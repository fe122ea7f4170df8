"""Restoring a dump into an empty server: what it needs first, then psql or pg_restore."""

import shutil
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from harness.model.errors import RestoreError
from harness.model.units import format_bytes
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Progress, Server
from harness.snapshot.archives import archive_needs, check_data_files, opened, restore_archive
from harness.snapshot.ddl import Needs
from harness.snapshot.formats import Dump, Format, recognise
from harness.snapshot.plain import plain_needs, restore_plain
from harness.snapshot.streams import Compression

PLAIN_FACTOR = 1.0
"""Bytes of a database for a byte of plain SQL, at the least: rows get headers and indexes, but numbers and long texts
(TOAST compresses those) become smaller. Measured: pagila 3.2, random texts of 1 kB without an index 1.1."""

PACKED_FACTOR = 2.0
"""Bytes of a database for a byte of a compressed archive, at the least. Measured on pg_dump's default compression: the
shop fixture 9.1, long repetitive texts 7.4, random texts of 1 kB without an index 2.0."""


def restore(path: Path, server: Server, *, extensions: Iterable[str], work: Path, on_progress: Progress | None) -> Dump:
    """Restore the dump at `path` into the empty `server`, with owners and grants; says what the dump was.

    Roles it names are created without login, `extensions` (the scenario's) as the dump does not create them itself.
    `work` is a folder for what must be unpacked. RestoreError before anything is changed where the dump is not whole,
    an extension or disk is missing; afterwards for the first error that matters.
    """
    dump = recognise(path)
    data = data_folder(server) or work
    if dump.format is Format.PLAIN:
        needs = plain_needs(dump)
        check_room(dump, data, plain_bytes=needs.size_bytes)
        known = prepare_server(server, needs, extensions=extensions, dump=dump)
        restore_plain(dump, needs, server, settings=known, on_progress=on_progress)
        return dump
    check_room(dump, data)
    with opened(dump, work=work) as archive:
        check_data_files(dump, archive)
        prepare_server(server, archive_needs(dump, archive), extensions=extensions, dump=dump)
        restore_archive(dump, archive, server, on_progress=on_progress)
    return dump


def check_room(dump: Dump, folder: Path, *, plain_bytes: int = 0) -> None:
    """RestoreError where the disk of `folder` surely cannot take the restored dump."""
    packed = dump.compression is not Compression.NONE or dump.format in (Format.CUSTOM, Format.DIRECTORY)
    factor = PACKED_FACTOR if packed and not plain_bytes else PLAIN_FACTOR
    need = int((plain_bytes or dump.size_bytes) * factor)
    free = shutil.disk_usage(folder).free
    if free < need:
        raise RestoreError(
            f"restoring {dump.path} needs about {format_bytes(need)}, "
            f"the disk of {folder} has {format_bytes(free)} free",
            hint="free some space, run `rehearse gc`, or use a smaller dump",
        )


def check_extensions(wanted: Iterable[str], *, available: Iterable[str], named_by: str) -> None:
    """RestoreError names the extensions that the server cannot create, and the ways to a server that can."""
    missing = sorted(set(wanted) - set(available))
    if missing:
        one = missing[0]
        raise RestoreError(
            f"{named_by} needs the extension {', '.join(missing)}, which this PostgreSQL does not have",
            hint=f"use the docker engine with an image that has {one} ([postgres] image), or install a system "
            f'PostgreSQL that has it and write [postgres] extensions = ["{one}"]',
        )


def create_extensions(connection: Connection, names: Iterable[str]) -> None:
    """Create the extensions, and what they depend on, where they are not there yet."""
    for name in sorted(set(names)):
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE").format(sql.Identifier(name)))


def available_extensions(connection: Connection) -> set[str]:
    """The extensions the server can create."""
    return {name for (name,) in connection.execute(room_query("available_extensions"))}


def room_query(name: str) -> LiteralString:
    """The text of this room's `queries/<name>.sql`."""
    # Files of this package are as trustworthy as literals in its code.
    return files("harness.snapshot").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


def prepare_server(server: Server, needs: Needs, *, extensions: Iterable[str], dump: Dump) -> set[str]:
    """Make ready what `dump` needs: extensions checked, roles and the scenario's extensions made.

    Gives the names of the server's settings.
    """
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        available = available_extensions(connection)
        check_extensions(needs.extensions, available=available, named_by=str(dump.path))
        check_extensions(extensions, available=available, named_by="the scenario")
        _create_roles(connection, needs.missing_roles)
        create_extensions(connection, set(extensions) - needs.extensions)
        return {str(name) for (name,) in connection.execute("SELECT name FROM pg_catalog.pg_settings")}


def _create_roles(connection: Connection, names: Iterable[str]) -> None:
    there = {str(name) for (name,) in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    for name in names:
        if name not in there:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))


def data_folder(server: Server) -> Path | None:
    """Where the server keeps its data, if that is on this machine's own filesystem."""
    if server.engine != "embedded":
        return None
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        row = connection.execute("SELECT current_setting('data_directory')").fetchone()
    folder = Path(str(row[0])) if row else Path()
    return folder if folder.is_dir() else None
