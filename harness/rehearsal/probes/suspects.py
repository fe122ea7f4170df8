"""Which transactions of the migration can deadlock with the application at all."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.model.locks import LockMode
from harness.rehearsal.migration.locks import Held, merged
from harness.rehearsal.probes.targets import is_concurrent
from harness.rehearsal.traced import TracedStatement

_TABLES = frozenset({"r", "p", "m"})
_MODES = {mode.pg_name: mode for mode in LockMode}
SEVERAL_ROWS: Final = 2
"""One row is locked in one order only."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A transaction that takes locks one after the other: its statements, and those of them that take any.

    `tables`: the strongest mode of what it locks by OID; `several_rows`: it locks more than one row of one of them.
    """

    statements: tuple[str, ...]
    locking: tuple[str, ...]
    tables: Held
    several_rows: bool


def suspects_of(traced: Sequence[TracedStatement]) -> tuple[Suspect, ...]:
    """The transactions with two locks of tables, or with the locks of several rows, one after the other.

    A lock of the application's own weakest kind (ACCESS SHARE) counts for nothing: only a few statements refuse it.
    """
    transactions: defaultdict[int, list[TracedStatement]] = defaultdict(list)
    for statement in traced:
        if not is_concurrent(statement.started) and not statement.started.tag.startswith("VACUUM"):
            transactions[statement.started.transaction].append(statement)
    found = []
    for statements in transactions.values():
        taken = {s.started.statement: _taken(s) for s in statements}
        several_rows = max(s.rows_changed for s in statements) >= SEVERAL_ROWS
        if sum(map(len, taken.values())) > 1 or several_rows:
            locking = tuple(name for name, locks in taken.items() if locks)
            tables = merged(*({oid: mode} for locks in taken.values() for oid, mode in locks))
            found.append(Suspect(tuple(taken), locking, tables, several_rows))
    return tuple(found)


def _taken(statement: TracedStatement) -> frozenset[tuple[int, LockMode]]:
    """The locks of tables that a statement adds to its transaction."""
    modes = ((lock, _MODES.get(lock.mode)) for lock in statement.locks if lock.kind in _TABLES)
    return frozenset((lock.oid, mode) for lock, mode in modes if mode is not None and mode > LockMode.ACCESS_SHARE)
