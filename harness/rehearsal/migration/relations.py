"""The relations there are: names, storage and sizes, and how many rows they hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from harness.postgres.connect import Connection
from harness.rehearsal.migration.queries import text

# Counting reads the whole table: at 5 million rows about a second (10–20 million rows/s from cache).
_MOST_COUNTED = 5_000_000
# Where a table was never analyzed, its size stands for its rows: no row is smaller than this with its header.
_SMALLEST_ROW_BYTES = 32


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation; `filenode` 0 for those without storage, `table` the owner of an index or TOAST table, else "".

    `rows_estimate` is reltuples, negative where unknown; `size_bytes` the main fork, None where it was not asked.
    """

    oid: int
    name: str
    kind: str
    filenode: int
    table: str
    rows_estimate: float
    size_bytes: int | None


Relations = Mapping[int, Relation]
"""Relations by OID."""


def read_relations(connection: Connection, *, sized: Collection[int] | None = None) -> Relations:
    """All relations; sizes only of `sized` (all where None), which takes an AccessShareLock on each of them."""
    values = {"sized": None if sized is None else list(sized)}
    rows = connection.execute(text("relations"), values).fetchall()
    return {row[0]: Relation(*row) for row in rows}


def named_oids(connection: Connection, names: Sequence[str]) -> list[int]:
    """OIDs of the relations of these names (dotted, unquoted) by the connection's own search path; takes no lock."""
    if not names:
        return []
    quoted = [".".join('"' + part.replace('"', '""') + '"' for part in name.split(".")) for name in names]
    rows = connection.execute("SELECT to_regclass(n)::oid::bigint FROM unnest(%s::text[]) n", (quoted,)).fetchall()
    return [oid for (oid,) in rows if oid is not None]


@dataclass(slots=True)
class RowCounts:
    """Rows of tables: counted once each, then kept by what statements inserted and deleted."""

    observer: Connection
    _rows: dict[int, int] = field(default_factory=dict)

    def learn(self, oids: Sequence[int], *, locked: Collection[int]) -> None:
        """Count the tables that a statement on these relations may touch, except those already known or `locked`."""
        if not oids:
            return
        values = {"oids": list(oids), "skip": [*self._rows, *locked]}
        try:
            rows = self.observer.execute(text("related"), values).fetchall()
        except psycopg.errors.LockNotAvailable:
            return
        for oid, schema, name, estimate, size in rows:
            if max(estimate, size / _SMALLEST_ROW_BYTES if estimate < 0 else 0) > _MOST_COUNTED:
                continue
            counting = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, name))
            try:
                counted = self.observer.execute(counting).fetchone()
            except psycopg.errors.LockNotAvailable:
                continue
            self._rows[oid] = counted[0] if counted else 0

    def rows(self, relation: Relation) -> int | None:
        """How many rows it holds: counted, else the planner's estimate; None where neither is there."""
        if relation.oid in self._rows:
            return self._rows[relation.oid]
        return round(relation.rows_estimate) if relation.rows_estimate >= 0 and relation.kind in "rm" else None

    def changed(self, oid: int, *, by: int) -> None:
        """Keep a count right after a statement."""
        if oid in self._rows:
            self._rows[oid] += by

    def emptied(self, oid: int) -> None:
        """A table was truncated."""
        self._rows[oid] = 0

    def forget(self) -> None:
        """Counts no longer hold: a transaction that changed them was rolled back."""
        self._rows.clear()
