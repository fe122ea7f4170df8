"""The room a statement takes beside its tables: slots of the shared lock table, and the disk before its COMMIT."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from harness.analysis.facts import LockSlotsFacts, StatementFacts
from harness.events.history import History
from harness.events.run import EngineChosen
from harness.events.state import DiskUsed, LockSlotsUsed, ProductionSized
from harness.model.words import Direction, Pass

_DEFAULT_CONNECTIONS: Final = 100
"""max_connections of a server that says nothing (manual, section 19.3); the harness gives its own servers more."""

Key = tuple[Direction, str]


def with_room(statements: Sequence[StatementFacts], history: History) -> tuple[StatementFacts, ...]:
    """The statements with the room they took in the quiet pass, where it was measured."""
    slots, disk = _slots(history), _disk(history)
    return tuple(
        replace(s, lock_slots=slots.get((s.direction, s.id)), disk_bytes=disk.get((s.direction, s.id)))
        for s in statements
    )


def _slots(history: History) -> dict[Key, LockSlotsFacts]:
    given = _production_settings(history)
    own = any(event.engine != "external" for event in history.of(EngineChosen))
    found: dict[Key, LockSlotsFacts] = {}
    for event in history.of(LockSlotsUsed):
        if event.pass_ is Pass.TRACE:
            found.setdefault((event.direction, event.statement), _facts(event, given, own=own))
    return found


def _facts(event: LockSlotsUsed, given: Mapping[str, int], *, own: bool) -> LockSlotsFacts:
    each = given.get("max_locks_per_transaction", event.max_locks_per_transaction)
    usual = _DEFAULT_CONNECTIONS if own else event.max_connections
    connections = given.get("max_connections", usual)
    prepared = given.get("max_prepared_transactions", event.max_prepared_transactions)
    return LockSlotsFacts(
        slots=event.locks - event.fast_path,
        locks=event.locks,
        capacity=each * (connections + prepared),
        capacity_here=event.max_locks_per_transaction * (event.max_connections + event.max_prepared_transactions),
        basis=f"max_locks_per_transaction {each:,} × (max_connections {connections:,} + max_prepared_transactions "
        f"{prepared:,})",
    )


def _production_settings(history: History) -> dict[str, int]:
    """What the scenario writes, else what production's statistics say."""
    texts: dict[str, str] = {}
    for sized in history.of(ProductionSized):
        texts.update(sized.settings)
    texts.update({name: str(value) for name, value in history.info.scenario.postgres.settings.items()})
    return {name: int(text) for name, text in texts.items() if text.isdigit()}


def _disk(history: History) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for event in history.of(DiskUsed):
        if event.pass_ is Pass.TRACE:
            found.setdefault((event.direction, event.statement), event.after_bytes - event.before_bytes)
    return found
