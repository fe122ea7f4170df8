"""Histories of what a change leaves behind, for the rules about it: once firing, once silent."""

from collections.abc import Callable
from typing import Any

from harness.analysis.judgement import Level
from harness.events.observation import StateSeen
from harness.events.state import (
    DiskUsed,
    KeySeen,
    LockSlotsUsed,
    SchemaChanged,
    SequenceSeen,
    StateMeasured,
    TableSeen,
)
from harness.model.catalog import Change, Difference
from harness.model.words import Direction, Pass
from harness.spec.scenario import PostgresSpec
from tests.unit.analysis.histories import Builder, busy

SQL = "ALTER TABLE orders ADD COLUMN status text"


def difference(kind: str, identity: str, before: str, after: str) -> Difference:
    """A difference; an empty text is an object that is not there."""
    change = Change.CHANGED if before and after else Change.MISSING if before else Change.EXTRA
    return Difference(kind=kind, identity=identity, change=change, before=before, after=after)


def changed(*differences: Difference) -> Builder:
    """A run whose way up changed this in the schema."""
    return measured().add(SchemaChanged(at_ns=1, pass_=Pass.TRACE, differences=differences))


def table(**values: Any) -> TableSeen:
    """orders as vacuum sees it: 10,000 rows."""
    usual: dict[str, Any] = {
        "relation": "public.orders", "rows": 10_000, "vacuum_above": 2_050, "vacuum_above_inserted": 3_000,
        "autovacuum": True, "heap_bytes": 4_000_000, "total_bytes": 5_000_000, "autovacuums": 0,
    }  # fmt: skip
    return TableSeen(**{**usual, **values})


def measured(
    sql: str = SQL, *, up: dict[str, Any] | None = None, before: dict[str, Any] | None = None, **work: Any
) -> Builder:
    """A run that measured the state; `before` and `up` are fields of its moments, `work` what S1 did to orders."""
    builder = busy().statement("S1", sql, lock_timeout_ms=200, tag=sql.split()[0])
    if work:
        builder.work("S1", **work)
    for moment, fields in (("before", before or {}), ("after_up", up or {}), ("after_down", before or {})):
        builder.add(StateMeasured(at_ns=1, pass_=Pass.TRACE, moment=moment, tables=(table(),), **fields))
    return builder


def slots(locks: int, *, fast_path: int = 0, sqlstate: str = "", **settings: str | float) -> Builder:
    """A statement whose transaction takes that many locks, on a server with the usual settings of the harness."""
    builder = busy(postgres=PostgresSpec(settings=settings)).statement(
        "S1", SQL, lock_timeout_ms=200, sqlstate=sqlstate, message="out of shared memory" if sqlstate else ""
    )
    builder.add(
        LockSlotsUsed(
            at_ns=1, pass_=Pass.TRACE, direction=Direction.UP, statement="S1", locks=locks, fast_path=fast_path,
            max_locks_per_transaction=64, max_connections=100, max_prepared_transactions=0,
        )
    )  # fmt: skip
    return builder.add(
        DiskUsed(at_ns=1, pass_=Pass.TRACE, direction=Direction.UP, statement="S1", before_bytes=5, after_bytes=9)
    )


def unvalidated(*before: str) -> Builder:
    """A constraint NOT VALID after going up."""
    builder = busy().statement("S1", SQL, lock_timeout_ms=200)
    for moment, names in (("before", before), ("after_up", ("public.orders.total_positive",))):
        builder.add(
            StateSeen(at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=(), unvalidated_constraints=names,
                      unindexed_foreign_keys=())
        )  # fmt: skip
    return builder


BEHIND = SequenceSeen(sequence="public.orders_id_seq", relation="public.orders", column="id", behind=10_000, taken=True)
HALF = KeySeen(relation="public.orders", column="id", type="integer", used_ratio=0.6)
GRANT = difference("grant", "table public.orders reporting", "SELECT with grant option by shop", "")
TARGET = difference("column", "public.orders.note", "text statistics 500", "text")

FIRING: dict[str, tuple[Callable[[], Builder], Level]] = {
    "grants_changed": (lambda: changed(GRANT), Level.NOTE),
    "owner_changed": (
        lambda: changed(difference("view", "public.v", "owner shop as\nx", "owner dba as\nx")),
        Level.NOTE,
    ),
    "replication_changed": (lambda: measured(up={"unidentified": ("pub: public.orders",)}), Level.NOTE),
    "metadata_lost": (lambda: changed(TARGET), Level.NOTE),
    "trigger_disabled_left": (
        lambda: changed(difference("trigger", "public.orders.audit", "CREATE TRIGGER x", "CREATE TRIGGER x disabled")),
        Level.NOTE,
    ),
    "sequence_behind_column": (lambda: measured(up={"sequences": (BEHIND,)}), Level.WARNING),
    "key_near_exhaustion": (lambda: measured(up={"keys": (HALF,)}), Level.NOTE),
    "unvalidated_constraint_left": (unvalidated, Level.NOTE),
    "dead_tuples_left": (lambda: measured("UPDATE orders SET a = 1", rows_updated=2_051), Level.NOTE),
    "lock_slots": (lambda: slots(3_300), Level.WARNING),
}

SILENT: dict[str, Callable[[], Builder]] = {
    "grants_changed": lambda: changed(GRANT, difference("table", "public.orders", "owner shop", "")),
    "owner_changed": lambda: changed(difference("view", "public.v", "owner shop as\nx", "owner shop as\ny")),
    "replication_changed": lambda: measured(
        before={"unidentified": ("pub: public.orders",)}, up={"unidentified": ("pub: public.orders",)}
    ),
    "metadata_lost": lambda: changed(difference("column", "public.orders.note", "text", "text not null")),
    "trigger_disabled_left": lambda: changed(difference("trigger", "public.orders.new", "", "CREATE TRIGGER disabled")),
    "sequence_behind_column": lambda: measured(before={"sequences": (BEHIND,)}, up={"sequences": (BEHIND,)}),
    "key_near_exhaustion": lambda: measured(before={"keys": (HALF,)}, up={"keys": (HALF,)}),
    "unvalidated_constraint_left": lambda: unvalidated("public.orders.total_positive"),
    "dead_tuples_left": lambda: measured("UPDATE orders SET a = 1", rows_updated=2_050),
    "lock_slots": lambda: slots(640),
}
