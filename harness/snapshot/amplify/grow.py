"""Growing a database: a copy of every row per table and copy number, set by set, then proofs that all still holds."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from harness.model.errors import RestoreError, SnapshotError
from harness.model.redaction import redact_message
from harness.model.units import format_bytes
from harness.postgres.connect import Connection
from harness.postgres.ports import Progress
from harness.snapshot.amplify.catalog import Table, read_tables
from harness.snapshot.amplify.changes import expression
from harness.snapshot.amplify.finish import prove_references, refresh_views, set_sequences
from harness.snapshot.amplify.indexes import build_indexes, rest_indexes
from harness.snapshot.amplify.plan import Growth, plan_growth

_SESSION: Final = (
    # Triggers would fire for rows that were there before; foreign keys are proven afterwards, all at once.
    "SET session_replication_role = replica",
    # A scan that starts in the middle would lose the physical order of the original.
    "SET synchronize_seqscans = off",
    "SET synchronous_commit = off",
)
_ORIGINAL: Final = sql.Identifier("pg_temp", "rehearse_original")


@dataclass(frozen=True, slots=True)
class Amplified:
    """What was done: tables that grew, rows written, and what a reader of figures has to know."""

    tables: int
    rows: int
    notes: tuple[str, ...]


def amplify(
    connection: Connection, *, scale: int, data: Path | None = None, on_progress: Progress | None = None
) -> Amplified:
    """Grow every table of the database to `scale` times its rows; `data` is the folder whose disk takes them, if known.

    SnapshotError before anything is written where a key's type is too small or a constraint leaves no way; afterwards
    where something did not hold: the database is then of no use. Needs a superuser's session in autocommit.
    """
    tables = read_tables(connection)
    growth = plan_growth(connection, tables, scale=scale)
    if not growth.tables:
        raise SnapshotError(f"scale = {scale}: no table can be amplified", hint="leave [snapshot] scale out")
    _check_room(connection, data, scale=scale)
    for table in growth.tables:
        _check_constraints(connection, table, growth)
    for statement in _SESSION:
        connection.execute(statement)
    indexes = rest_indexes(connection, growth.tables)
    total, done, rows = (scale - 1) * sum(table.size_bytes for table in growth.tables), 0, 0
    for table in growth.tables:
        for copy in range(1, scale):
            if on_progress:
                on_progress("amplify", done, total)
            rows += _copy(connection, table, growth, copy=copy)
            done += table.size_bytes
        if scale > 2:
            connection.execute(sql.SQL("DROP TABLE {}").format(_ORIGINAL))
    _build(connection, indexes, on_progress)
    if on_progress:
        on_progress("check the copies", 0, None)
    set_sequences(connection, growth)
    prove_references(connection, tables)
    refresh_views(connection)
    return Amplified(len(growth.tables), rows, growth.notes())


def _copy(connection: Connection, table: Table, growth: Growth, *, copy: int) -> int:
    """Insert one copy; from the second on out of a table of the originals, among which are no copies."""
    columns = table.assignable()
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    if copy == 1 and growth.scale > 2:
        original = sql.SQL("CREATE TABLE {} AS SELECT {} FROM {}").format(_ORIGINAL, names, table.rows)
        connection.execute(original)
    source = table.rows if growth.scale == 2 else _ORIGINAL
    values = sql.SQL(", ").join(expression(column, growth.change(table, column), copy=copy) for column in columns)
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}").format(
        table.identifier, names, values, source
    )
    try:
        return connection.execute(statement).rowcount
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise _refused(table.name, error) from None


def _build(connection: Connection, indexes: list[tuple[str, str]], on_progress: Progress | None) -> None:
    try:
        build_indexes(connection, indexes, on_progress=on_progress)
    except psycopg.IntegrityError as error:
        raise _refused(error.diag.table_name or "the database", error) from None


def _check_constraints(connection: Connection, table: Table, growth: Growth) -> None:
    """What the last copy, the farthest from the original, would break; SnapshotError names the constraint."""
    changed = {column.name for column in table.columns if growth.change(table, column) is not None}
    checks = [check for check in table.checks if changed & set(check.columns)]
    if not checks:
        return
    columns = [column for column in table.assignable() if any(column.name in check.columns for check in checks)]
    generated = {column.name for column in table.columns if column.generated}
    # What a generated column would be is only known when the row is written.
    checks = [check for check in checks if not generated & set(check.columns)]
    values = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(
            expression(column, growth.change(table, column), copy=growth.scale - 1), sql.Identifier(column.name)
        )
        for column in columns
    )
    for check in checks:
        text: str = check.expression
        statement = sql.SQL("SELECT EXISTS (SELECT FROM (SELECT {} FROM {}) AS {} WHERE NOT ({}))").format(
            values, table.rows, sql.Identifier(table.relation), sql.SQL(text)
        )  # fmt: skip
        try:
            row = connection.execute(statement).fetchone()
        except psycopg.DataError as error:
            raise _refused(table.name, error) from None
        if row and row[0]:
            raise SnapshotError(
                f"{table.name} cannot be amplified {growth.scale} times: new values of "
                f"{', '.join(sorted(changed & set(check.columns)))} would break the check {check.name}",
                hint="choose a smaller [snapshot] scale, or drop that check in a setup file",
            )


def _check_room(connection: Connection, data: Path | None, *, scale: int) -> None:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    need = int(row[0] if row else 0) * (scale - 1)
    if data is None:
        return
    free = shutil.disk_usage(data).free
    if free < need:
        raise RestoreError(
            f"amplifying {scale} times needs about {format_bytes(need)}, "
            f"the disk of {data} has {format_bytes(free)} free",
            hint="free some space, run `rehearse gc`, or choose a smaller [snapshot] scale",
        )


def _refused(table: str, error: psycopg.Error) -> SnapshotError:
    """The server's words name constraint and table; details, which quote rows, are left out."""
    said = redact_message(error.diag.message_primary or "", sqlstate=error.sqlstate or "")
    return SnapshotError(
        f"{table} cannot be amplified: {said} ({error.sqlstate})",
        hint="choose a smaller [snapshot] scale, or drop that constraint in a setup file",
    )
