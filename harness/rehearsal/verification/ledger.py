"""The ledger looked up: every write that the application was told is committed must still be there."""

from collections.abc import Sequence

from psycopg import sql
from psycopg.errors import UndefinedColumn, UndefinedTable

from harness.events.verification import LedgerChecked
from harness.model.clock import Clock
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.ledger import Key, LedgerEntry


def check_ledger(
    connection: Connection,
    entries: Sequence[LedgerEntry],
    *,
    written: Sequence[str],
    after_rollback: bool,
    clock: Clock,
) -> LedgerChecked:
    """Look up every acknowledged key; `written` are the relations that operations write, as schema.table.

    Relations written without a key to follow (no primary key, a RETURNING of the application's own, UPDATE only) are
    named.
    """
    present = {entry.relation: entry for entry in entries if entry.present}
    missing = {}
    for relation, entry in present.items():
        lost = len(entry.present) - _count_kept(connection, relation, entry.columns, entry.present)
        if lost:
            missing[relation] = lost
    acknowledged = sum(len(entry.present) for entry in present.values())
    return LedgerChecked(
        at_ns=clock.now_ns(),
        acknowledged=acknowledged,
        kept=acknowledged - sum(missing.values()),
        missing=missing,
        not_followed=tuple(sorted(set(written) - {entry.relation for entry in entries})),
        after_rollback=after_rollback,
    )


def _count_kept(connection: Connection, relation: str, columns: tuple[str, ...], keys: tuple[Key, ...]) -> int:
    """How many of `keys` are there; 0 where table or key column is gone. Keys are compared as the server's text."""
    schema, _, table = relation.partition(".")
    names = [sql.Identifier(f"key_{index}") for index in range(len(columns))]
    matches = sql.SQL(" AND ").join(
        sql.SQL("t.{}::text = k.{}").format(sql.Identifier(column), name)
        for column, name in zip(columns, names, strict=True)
    )
    statement = sql.SQL("SELECT count(*) FROM unnest({arrays}) AS k ({names}) JOIN {table} AS t ON {matches}").format(
        arrays=sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in columns),
        names=sql.SQL(", ").join(names),
        table=sql.Identifier(schema, table),
        matches=matches,
    )
    try:
        row = connection.execute(statement, [[key[index] for key in keys] for index in range(len(columns))]).fetchone()
    except (UndefinedTable, UndefinedColumn):
        return 0
    return int(row[0]) if row else 0
