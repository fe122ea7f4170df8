"""Restoring pg_dump's archives (custom, directory, tar) with pg_restore."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.model.errors import RestoreError
from harness.postgres.ports import Progress, Server
from harness.snapshot.clients import client, environment, environment_without_server, run_client
from harness.snapshot.ddl import Needs, read_needs
from harness.snapshot.formats import Dump, Format
from harness.snapshot.messages import ClientError, restore_error
from harness.snapshot.streams import CHUNK_BYTES, Compression, chunks, truncated

# What pg_restore --verbose prints when it begins an entry of the TOC.
_ENTRY = re.compile(r"^pg_restore: (?:creating|processing data for table|executing|launching item) ")
_DATA_ENTRY = re.compile(r"^(?P<id>\d+); \d+ \d+ TABLE DATA (?P<name>.*) \S+$")
_CREATED = "; Archive created at "
_DATA_SUFFIXES = (".dat", ".dat.gz", ".dat.lz4", ".dat.zst")
# More jobs than this fight over one disk and one WAL.
_MOST_JOBS = 8
# Unpacking leaves this much, so that it is never what fills the disk.
_SPARE_BYTES = 64 * 1024 * 1024
# A subscription would reach for production's server, a tablespace for a folder that only production has.
_LEFT_OUT = ("--no-subscriptions", "--no-tablespaces")


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive ready for pg_restore: its argument ("" is standard input) and a descriptor to inherit."""

    argument: str
    keep: tuple[int, ...] = ()


@contextmanager
def opened(dump: Dump, *, work: Path) -> Iterator[Opened]:
    """The archive as pg_restore can read it: the file itself, or standard input for a compressed custom one.

    pg_restore has to jump about in a tar file, so a compressed one is unpacked into a file in `work` that has no name
    and vanishes with this process, however it ends.
    """
    if dump.compression is Compression.NONE:
        yield Opened(str(dump.path))
    elif dump.format is Format.CUSTOM:
        yield Opened("")
    else:
        with unpacked(dump, work=work) as archive:
            yield archive


@contextmanager
def unpacked(dump: Dump, *, work: Path) -> Iterator[Opened]:
    """The archive unpacked into such a file, so that pg_restore can read parts of it."""
    with tempfile.TemporaryFile(dir=work) as plain:
        _unpack(dump, plain, work=work)
        yield Opened(f"/dev/fd/{plain.fileno()}", (plain.fileno(),))


def restoring(dump: Dump, archive: Opened, options: list[str]) -> list[str]:
    """The command that reads the archive with pg_restore."""
    return [str(_pg_restore(dump)), *options, *_argument(archive)]


def archive_needs(dump: Dump, archive: Opened) -> Needs:
    """What the schema of the archive needs of the server. RestoreError where its table of contents cannot be read."""
    with tempfile.TemporaryFile() as text:
        _list(dump, archive, ["--schema-only", *_LEFT_OUT, "-f", "-"], into=text)
        text.seek(0)
        return read_needs(iter(lambda: text.read(CHUNK_BYTES), b""))


def write_schema(dump: Dump, archive: Opened, *, into: IO[bytes]) -> None:
    """Write the archive's schema into a file as SQL. RestoreError where its table of contents cannot be read."""
    _list(dump, archive, ["--schema-only", "--no-owner", "--no-privileges", *_LEFT_OUT, "-f", "-"], into=into)


def write_contents(dump: Dump, archive: Opened, *, into: IO[bytes]) -> None:
    """Write the archive's table of contents into a file, as pg_restore's --use-list reads it."""
    _list(dump, archive, ["--list"], into=into)


def check_data_files(dump: Dump, archive: Opened) -> None:
    """RestoreError names a table of a directory dump whose data file is not there."""
    if dump.format is not Format.DIRECTORY:
        return
    with tempfile.TemporaryFile() as text:
        _list(dump, archive, ["--list"], into=text)
        text.seek(0)
        for line in text.read().decode("utf-8", "replace").splitlines():
            if (match := _DATA_ENTRY.match(line)) and not _has_data(dump.path, match["id"]):
                table = match["name"].replace(" ", ".")
                raise truncated(dump.path, f"the data file {match['id']}.dat of table {table} is missing")


@dataclass(frozen=True, slots=True)
class Listing:
    """What an archive's table of contents says: when it was made, in pg_restore's words, and tables with data."""

    created: str
    tables: tuple[str, ...]


def listing(dump: Dump, archive: Opened) -> Listing:
    """The archive's table of contents. RestoreError where it cannot be read."""
    with tempfile.TemporaryFile() as text:
        _list(dump, archive, ["--list"], into=text)
        text.seek(0)
        lines = text.read().decode("utf-8", "replace").splitlines()
    created = next((line[len(_CREATED) :].strip() for line in lines if line.startswith(_CREATED)), "")
    found = (match["name"] for line in lines if (match := _DATA_ENTRY.match(line)))
    return Listing(created=created, tables=tuple(sorted({name.replace(" ", ".", 1) for name in found})))


def read_through(dump: Dump, archive: Opened) -> None:
    """Let pg_restore read all rows and print them to nowhere. RestoreError where the archive ends too early."""
    outcome = run_client(
        [str(_pg_restore(dump)), "-f", os.devnull, *_argument(archive)],
        env=environment_without_server(),
        feed=None if archive.argument else chunks(dump.path),
        keep=archive.keep,
    )
    if outcome.returncode != 0:
        error = next((e for line in outcome.stderr.splitlines() if (e := restore_error(line))), None)
        raise truncated(dump.path, error.text if error else f"pg_restore ended with code {outcome.returncode}")


def restore_archive(dump: Dump, archive: Opened, server: Server, *, on_progress: Progress | None) -> None:
    """Restore everything with its owners and grants, in parallel where the format allows.

    RestoreError with the first error that matters; progress is the dump's size times the part of its TOC begun.
    """
    env = environment(server)
    command = [str(_pg_restore(dump)), "--verbose", *_LEFT_OUT, "-d", env["PGDATABASE"]]
    if dump.parallel:
        command += ["-j", str(jobs())]
    watch = _Watch(dump, server_major=server.version_num // 10000, on_progress=on_progress)
    outcome = run_client(
        [*command, *_argument(archive)],
        env=env,
        feed=None if archive.argument else chunks(dump.path),
        on_line=watch,
        keep=archive.keep,
    )
    # With errors that are harmless pg_restore ends with 1; the others have been raised by now.
    if outcome.returncode not in (0, 1):
        raise RestoreError(f"{dump.path}: pg_restore ended with code {outcome.returncode}")
    if on_progress:
        on_progress("restore", dump.size_bytes, dump.size_bytes)


def jobs() -> int:
    """How many sessions work at once: one a processor, up to eight."""
    return min(os.cpu_count() or 1, _MOST_JOBS)


def explain(error: ClientError, dump: Dump, *, server_major: int, dumped_major: int) -> RestoreError:
    """The error for a restore that failed, with the way out that fits it."""
    if error.says_truncated:
        return truncated(dump.path, error.text)
    where = f", line {error.line}" if error.line else ""
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    hint = ""
    if error.says_disk_full:
        hint = "free some disk, or use a smaller dump"
    elif dumped_major > server_major:
        hint = f'the dump is of PostgreSQL {dumped_major}: set [postgres] version = "{dumped_major}"'
    return RestoreError(f"{dump.path}{where} cannot be restored: {error.text}{state}", hint=hint)


class _Watch:
    """Counts the entries begun, and raises the first error that matters instead of restoring on for hours."""

    def __init__(self, dump: Dump, *, server_major: int, on_progress: Progress | None) -> None:
        self._dump = dump
        self._server_major = server_major
        self._on_progress = on_progress
        self._begun = 0
        self._entries = dump.header.entries if dump.header else 0

    def __call__(self, line: str) -> None:
        if error := restore_error(line):
            dumped = self._dump.header.server_major if self._dump.header else 0
            raise explain(error, self._dump, server_major=self._server_major, dumped_major=dumped)
        if self._on_progress and _ENTRY.match(line):
            self._begun += 1
            share = min(self._begun / max(self._entries, 1), 1.0)
            self._on_progress("restore", int(self._dump.size_bytes * share), self._dump.size_bytes)


def _list(dump: Dump, archive: Opened, options: list[str], *, into: IO[bytes]) -> None:
    outcome = run_client(
        [str(_pg_restore(dump)), *options, *_argument(archive)],
        env=environment_without_server(),
        feed=None if archive.argument else chunks(dump.path),
        stdout=into,
        keep=archive.keep,
    )
    if outcome.returncode != 0:
        error = next((e for line in outcome.stderr.splitlines() if (e := restore_error(line))), None)
        what = error.text if error else f"pg_restore ended with code {outcome.returncode}"
        raise truncated(dump.path, f"its table of contents cannot be read ({what})")


def _pg_restore(dump: Dump) -> Path:
    # An archive is read by pg_restore of the pg_dump that made it and by every later one (manual, pg_dump, Notes).
    return client("pg_restore", least_major=dump.header.dump_major if dump.header else 0)


def _argument(archive: Opened) -> list[str]:
    return [archive.argument] if archive.argument else []


def _unpack(dump: Dump, plain: IO[bytes], *, work: Path) -> None:
    for chunk in chunks(dump.path):
        if shutil.disk_usage(work).free < len(chunk) + _SPARE_BYTES:
            raise RestoreError(
                f"no room on the disk of {work} to unpack {dump.path}",
                hint="free some disk, or make the dump in pg_dump's custom format, which needs no unpacking",
            )
        plain.write(chunk)
    plain.flush()


def _has_data(folder: Path, number: str) -> bool:
    return any((folder / f"{number}{suffix}").exists() for suffix in _DATA_SUFFIXES)
