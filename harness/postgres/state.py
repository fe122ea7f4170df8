"""What stands in a database beside its schema: keys that run out, sequences behind their columns, vacuum's thresholds.

Highest values are data: they are compared here, and only ratios and distances leave.
"""

from dataclasses import dataclass

from psycopg import sql

from harness.postgres.connect import Connection, query


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table as vacuum sees it; the thresholds in rows, None for inserts where they never trigger it."""

    relation: str
    rows: float
    vacuum_above: float
    vacuum_above_inserted: float | None
    autovacuum: bool
    heap_bytes: int
    total_bytes: int
    autovacuums: int


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A narrow key column, or a sequence (`column` ""); `used_ratio` None where no index shows its highest value."""

    relation: str
    column: str
    type: str
    used_ratio: float | None
    narrower_than: str


@dataclass(frozen=True, slots=True)
class SequenceRow:
    """A sequence behind the column it feeds, by `behind` steps; `taken`: its next value must collide."""

    sequence: str
    relation: str
    column: str
    behind: int
    taken: bool


def read_tables(connection: Connection) -> tuple[TableRow, ...]:
    """Every table, with sizes: waits behind an AccessExclusiveLock."""
    text = query("state_tables", version_num=connection.info.server_version)
    return tuple(TableRow(*row) for row in connection.execute(text).fetchall())


def read_keys(connection: Connection) -> tuple[KeyRow, ...]:
    """Key columns of smallint and integer, then sequences, with how much of them is used."""
    text = query("state_keys", version_num=connection.info.server_version)
    keys = []
    for relation, schema, table, column, type_, limit, wider, indexed in connection.execute(text).fetchall():
        highest = _highest(connection, schema, table, column) if indexed else None
        ratio = None if highest is None else max(0.0, highest / limit)
        keys.append(KeyRow(relation, column, type_, ratio if indexed and ratio is not None else None, wider))
    return (*keys, *_used_sequences(connection))


def read_sequences_behind(connection: Connection) -> tuple[SequenceRow, ...]:
    """Sequences whose next value lies at or below the highest of a column they feed, where an index shows that."""
    text = query("state_sequences", version_num=connection.info.server_version)
    found = []
    for row in connection.execute(text).fetchall():
        name, schema, sequence, step, _, _, relation, home, table, column, indexed, unique = row
        if not column or not indexed:
            continue
        following = _next_value(connection, schema, sequence, step)
        highest = _highest(connection, home, table, column)
        if following is None or highest is None or following > highest:
            continue
        taken = unique and _holds(connection, home, table, column, following)
        found.append(SequenceRow(name, relation, column, (highest - following) // step + 1, taken))
    return tuple(found)


def read_unidentified(connection: Connection) -> tuple[str, ...]:
    """Published tables without a usable replica identity, as "publication: table"."""
    text = query("state_published", version_num=connection.info.server_version)
    return tuple(name for (name,) in connection.execute(text).fetchall())


def _used_sequences(connection: Connection) -> list[KeyRow]:
    text = query("state_sequences", version_num=connection.info.server_version)
    used: dict[str, KeyRow] = {}
    for name, schema, sequence, step, most, cycles, *_ in connection.execute(text).fetchall():
        following = _next_value(connection, schema, sequence, step) if name not in used else None
        if following is not None and not cycles:
            used[name] = KeyRow(name, "", "sequence", max(0.0, following / most), "")
    return list(used.values())


def _next_value(connection: Connection, schema: str, sequence: str, step: int) -> int | None:
    text = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, sequence))
    row = connection.execute(text).fetchone()
    return None if row is None else row[0] + (step if row[1] else 0)


def _highest(connection: Connection, schema: str, table: str, column: str) -> int | None:
    text = sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(schema, table))
    row = connection.execute(text).fetchone()
    return None if row is None else row[0]


def _holds(connection: Connection, schema: str, table: str, column: str, value: int) -> bool:
    text = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {} = %s)").format(
        sql.Identifier(schema, table), sql.Identifier(column)
    )
    row = connection.execute(text, (value,)).fetchone()
    return bool(row and row[0])
