"""Relation locks of the migrator's backend, read from outside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.model.locks import LockMode
from harness.postgres.connect import Connection
from harness.rehearsal.migration.queries import text

Held = Mapping[int, LockMode]
"""The strongest mode by relation OID."""


def held_locks(observer: Connection, *, pid: int) -> Held:
    """What the backend holds now, on relations of the user's in the observer's database."""
    return strongest(observer.execute(text("locks"), {"pid": pid}).fetchall())


@dataclass(frozen=True, slots=True)
class LockSlots:
    """Locks of a transaction, those of them on the fast path, and the settings that make room for the others."""

    locks: int
    fast_path: int
    max_locks_per_transaction: int
    max_connections: int
    max_prepared_transactions: int


def lock_slots(observer: Connection, *, pid: int) -> LockSlots | None:
    """What the backend's transaction takes of the shared lock table now."""
    row = observer.execute(text("lock_slots"), {"pid": pid}).fetchone()
    return LockSlots(*row) if row else None


def strongest(rows: Iterable[tuple[int, str]]) -> Held:
    """The strongest mode of each relation among (OID, mode name) pairs.

    >>> strongest([(7, "AccessShareLock"), (7, "ShareLock")])[7].name
    'SHARE'
    """
    found: dict[int, LockMode] = {}
    for oid, mode in rows:
        found[oid] = max(found.get(oid, LockMode.ACCESS_SHARE), LockMode.from_pg(mode))
    return found


def merged(*several: Held) -> Held:
    """The strongest mode of each relation over several readings."""
    found: dict[int, LockMode] = {}
    for held in several:
        for oid, mode in held.items():
            found[oid] = max(found.get(oid, mode), mode)
    return found


def added(before: Held, after: Held) -> Held:
    """Locks that are new or stronger in `after`."""
    return {oid: mode for oid, mode in after.items() if oid not in before or mode > before[oid]}
