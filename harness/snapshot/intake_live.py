"""Taking a dump of a running database, primary or standby, which is only read."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from harness.model.errors import SnapshotError
from harness.model.redaction import mask_credentials
from harness.model.words import Role
from harness.postgres.binaries import installations
from harness.postgres.ports import Progress
from harness.snapshot.clients import Outcome, client, environment_without_server, run_client
from harness.snapshot.formats import recognise
from harness.snapshot.header import major
from harness.snapshot.intake import DUMP_CONTENT, Taken, utc_now
from harness.snapshot.messages import without_values
from harness.snapshot.restore import room_query
from harness.snapshot.store.entry import Source, TableSize

# Read-only whatever the role may do; the rest is for a dump that takes hours.
_OPTIONS: Final = "-c default_transaction_read_only=on -c statement_timeout=0"
# A table somebody holds exclusively for longer than this is found out now and not after hours in the queue.
_LOCK_WAIT_MS: Final = 60_000
_CONNECT_TIMEOUT_S: Final = 10
# pg_dump at gzip's level 1 wrote between a third (random texts) and a seventh (rows of numbers) of the tables' bytes.
_PACKED_SHARE: Final = 0.25
# pg_dump gives statistics only when asked since 18; said anyway, they hold the commonest values as they are.
_NO_STATISTICS_SINCE: Final = 18
_HINTS: Final = {
    "permission denied": "grant pg_read_all_data (PostgreSQL 14 or newer) to the role, or dump as the tables' owner",
    "row-level security": "dump as a role with BYPASSRLS, or as the tables' owner",
    "conflict with recovery": "on the standby: hot_standby_feedback = on, or a longer max_standby_streaming_delay",
    "due to lock timeout": "somebody holds a table exclusively: try again when that has ended",
    "could not obtain lock": "somebody waits for an exclusive lock on a table: try again, or give --jobs 1",
    "startup parameter": "connect to the server itself, not to a connection pooler",
    "server version mismatch": "install the client programs of that version",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the database said about itself."""

    source: Source
    major: int
    tables: tuple[TableSize, ...]
    size_bytes: int


def take_database(
    dsn: str,
    partial: Path,
    *,
    jobs: int,
    schema_only: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> Taken:
    """Dump the database `dsn` (URL or libpq string) into a folder of `partial` by pg_dump's directory format.

    `schema_only` are patterns (as pg_dump's --exclude-table-data) of tables whose rows are left out. SnapshotError says
    why it cannot be read; the password is in no argument, log or file.
    """
    fields = _fields(dsn)
    found = _look(fields)
    if on_progress:
        on_progress("dump", 0, None)
    pg_dump = client("pg_dump", least_major=found.major)
    command = [
        str(pg_dump), "-Fd", "-Z1", "-j", str(jobs), f"--lock-wait-timeout={_LOCK_WAIT_MS}", "--no-password",
        "-f", str(partial / DUMP_CONTENT), *(f"--exclude-table-data={pattern}" for pattern in schema_only),
    ]  # fmt: skip
    if _client_major(pg_dump) >= _NO_STATISTICS_SINCE:
        command.append("--no-statistics")
    watch = _Watch(partial / DUMP_CONTENT, expected=found.size_bytes, on_progress=on_progress)
    outcome = run_client(
        [*command, "-d", _public(fields)], env={**environment_without_server(), **_secret(fields)}, on_wait=watch
    )
    if outcome.returncode != 0:
        raise _dump_error(outcome)
    header = recognise(partial / DUMP_CONTENT).header
    source = found.source
    return Taken(
        kind="directory",
        content=DUMP_CONTENT,
        source=Source(
            kind=source.kind,
            server_version=source.server_version,
            dump_version=header.dump_version if header else "",
            taken_at=source.taken_at,
            dbname=source.dbname,
        ),
        tables=found.tables,
        schema_only=tuple(schema_only),
    )


class _Watch:
    """Says how much pg_dump has written, against what the tables' sizes let expect."""

    def __init__(self, folder: Path, *, expected: int, on_progress: Progress | None) -> None:
        self._folder = folder
        self._expected = expected
        self._on_progress = on_progress

    def __call__(self) -> None:
        if self._on_progress is None or not self._folder.is_dir():
            return
        written = sum(file.stat().st_size for file in self._folder.iterdir())
        # An estimate must not say that it is done before it is.
        self._on_progress("dump", written, max(self._expected, written + written // 50 + 1))


def _fields(dsn: str) -> dict[str, str]:
    try:
        fields = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.ProgrammingError:
        # The message would quote the DSN, and with it the password.
        raise SnapshotError(
            "the DSN is neither a URL nor a libpq connection string", hint="postgresql://user@host:5432/database"
        ) from None
    if "sslpassword" in fields:
        raise SnapshotError(
            "the DSN holds sslpassword, which could only be given in pg_dump's arguments, for everybody to read",
            hint="use a key without one, readable by this user only",
        )
    return fields


def _look(fields: Mapping[str, str]) -> Found:
    conninfo = make_conninfo(**{**_ours(fields), "connect_timeout": str(_CONNECT_TIMEOUT_S)})
    try:
        with closing(psycopg.connect(conninfo, autocommit=True)) as connection:
            taken_at = utc_now()
            about = "SELECT pg_is_in_recovery(), current_database(), pg_database_size(current_database())"
            row = connection.execute(about).fetchone()
            tables = connection.execute(room_query("source_tables")).fetchall()
            version = connection.info.parameter_status("server_version") or ""
    except psycopg.Error as error:
        raise _unreachable(error) from None
    recovering, dbname, size = row or (False, "", 0)
    sizes = tuple(TableSize(name=name, rows=rows, size_bytes=size_bytes) for name, rows, size_bytes in tables)
    known = sum(table.size_bytes or 0 for table in sizes) or int(size)
    source = Source(
        kind="standby" if recovering else "database",
        server_version=version,
        taken_at=taken_at,
        dbname=str(dbname),
    )
    return Found(source=source, major=major(version), tables=sizes, size_bytes=int(known * _PACKED_SHARE))


def _public(fields: Mapping[str, str]) -> str:
    """The connection string that may stand in a process list."""
    return make_conninfo(**{key: value for key, value in _ours(fields).items() if key != "password"})


def _ours(fields: Mapping[str, str]) -> dict[str, str]:
    """The connection's parameters with our options and role instead of the caller's."""
    options = f"{fields.get('options', '')} {_OPTIONS}".strip()
    return {**fields, "options": options, "application_name": Role.HARNESS.application_name}


def _secret(fields: Mapping[str, str]) -> dict[str, str]:
    return {"PGPASSWORD": fields["password"]} if "password" in fields else {}


def _client_major(program: Path) -> int:
    return next((one.major for one in installations() if one.program(program.name) == program), 0)


def _unreachable(error: psycopg.Error) -> SnapshotError:
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    text = mask_credentials(lines[-1].strip())
    return SnapshotError(f"the database cannot be read: {text}", hint=_hint(text) or "check the DSN and the role")


def _dump_error(outcome: Outcome) -> SnapshotError:
    said = [line for line in outcome.stderr.splitlines() if line.startswith("pg_dump: error:")]
    first = said[0].removeprefix("pg_dump: error:").strip() if said else f"it ended with code {outcome.returncode}"
    full = "No space left on device" in outcome.stderr
    hint = "free some space, or move REHEARSE_HOME" if full else _hint(outcome.stderr)
    return SnapshotError(f"pg_dump failed: {without_values(first)}", hint=hint)


def _hint(text: str) -> str:
    return next((hint for words, hint in _HINTS.items() if words in text), "")
