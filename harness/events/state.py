"""Events of what stands in the database at a named moment beside its schema: keys, sequences, vacuum's thresholds."""

import msgspec

from harness.events.base import Event
from harness.model.catalog import Difference
from harness.model.words import Direction, Pass


class KeySeen(msgspec.Struct, frozen=True, kw_only=True):
    """A key column of an integer type narrower than bigint, or a sequence (`column` "").

    `used_ratio` is the highest value over the greatest the type (or the sequence) can hold, None where finding it
    would have read the whole table; the value itself is data and not told. `narrower_than` is the type of the column
    that a foreign key refers to where that one holds more, "" otherwise.
    """

    relation: str
    column: str
    type: str
    used_ratio: float | None
    narrower_than: str = ""


class SequenceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A sequence that feeds a column and stands behind it.

    `behind` is by how many steps the next value lies at or below the column's highest. `taken`: the column is unique
    and holds the next value already, so that the next insert must fail.
    """

    sequence: str
    relation: str
    column: str
    behind: int
    taken: bool


class TableSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What vacuum thinks of a table.

    `vacuum_above` and `vacuum_above_inserted` are the thresholds of the manual (section 24.1.6) by this server's
    settings and the table's own: dead rows, and rows inserted since the last vacuum. `heap_bytes` is the main fork,
    `total_bytes` with TOAST and indexes. `autovacuums` counts runs since the statistics began.
    """

    relation: str
    rows: float
    vacuum_above: float
    vacuum_above_inserted: float | None
    autovacuum: bool
    heap_bytes: int
    total_bytes: int
    autovacuums: int


class StateMeasured(Event, tag="state_measured", frozen=True, kw_only=True):
    """What stands at a named moment (before, after_up, after_down; in the load pass tables alone, before and end).

    `unidentified` are published tables, as "publication: table", whose updates or deletes are published although
    nothing identifies their rows.
    """

    pass_: Pass
    moment: str
    tables: tuple[TableSeen, ...]
    keys: tuple[KeySeen, ...] = ()
    sequences: tuple[SequenceSeen, ...] = ()
    unidentified: tuple[str, ...] = ()


class SchemaChanged(Event, tag="schema_changed", frozen=True, kw_only=True):
    """The schema image after going up against the beginning of the same clone (trace pass)."""

    pass_: Pass
    differences: tuple[Difference, ...]


class DiskUsed(Event, tag="disk_used", frozen=True, kw_only=True):
    """Trace pass: the database's size before a statement and after it, before its COMMIT drops the old files.

    Temporary files of sorts are not in it.
    """

    pass_: Pass
    direction: Direction
    statement: str
    before_bytes: int
    after_bytes: int


class LockSlotsUsed(Event, tag="lock_slots_used", frozen=True, kw_only=True):
    """Trace pass: the locks of a statement's transaction in pg_locks at its end.

    `locks` counts all of them, `fast_path` those that need no slot of the shared table. `capacity` is this server's
    max_locks_per_transaction × (max_connections + max_prepared_transactions) (manual, section 19.12), with the parts.
    """

    pass_: Pass
    direction: Direction
    statement: str
    locks: int
    fast_path: int
    max_locks_per_transaction: int
    max_connections: int
    max_prepared_transactions: int


class ProductionTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table or partition as production's statistics have it; names are schema.table, unquoted."""

    relation: str
    partition_of: str
    rows: float
    heap_bytes: int


class ProductionSized(Event, tag="production_sized", frozen=True, kw_only=True):
    """Production's sizes and settings, from [snapshot] statistics."""

    tables: tuple[ProductionTable, ...]
    settings: dict[str, str]
