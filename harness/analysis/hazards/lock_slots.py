"""lock_slots: one transaction takes much of the shared lock table."""

from collections.abc import Iterator
from typing import Final

from harness.analysis.facts import Facts, LockSlotsFacts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H522",
    name="lock_slots",
    title="One transaction takes much of the lock table",
    condition="A transaction of the migration takes more than a tenth of max_locks_per_transaction × (max_connections "
    "+ max_prepared_transactions) slots by production's settings (a warning from half on), or fails with 53200 (out of "
    "shared memory).",
    effect="Every partition, index and TOAST table is a lock of its own. When the table is full, whoever asks for the "
    "next lock fails with 53200, the application too.",
    workaround="A partition, or a few, a transaction; a larger max_locks_per_transaction needs a restart.",
    bad="BEGIN;\nALTER TABLE events ADD CHECK (id > 0);  -- 600 partitions, each with indexes and TOAST\nCOMMIT;",
    good="ALTER TABLE events_2026_01 ADD CHECK (id > 0) NOT VALID;  -- one partition a transaction",
)

NOTED_RATIO: Final = 0.1
"""From here on it is worth knowing: a few such transactions at once are half of the table."""
WARNING_RATIO: Final = 0.5
"""Half of the table for one transaction leaves less than what the other connections were promised."""


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error where the server ran out of slots; else a warning or a note a transaction."""
    for statement in facts.statements:
        if "53200" in (statement.sqlstate, statement.trace_sqlstate) and "shared memory" in _message(statement):
            yield finding(
                HAZARD,
                Level.ERROR,
                title=f"{statement.id} runs out of lock slots",
                statement=statement,
                marker="out of shared memory",
                evidence=(f"{statement.id} failed with 53200: {_message(statement)}",),
                impact="it fails, and whoever needs a lock meanwhile may fail too",
                remedy="-- one partition (or a few) a transaction, or a larger max_locks_per_transaction (restart)",
            )
    for statement, slots in _fullest(facts):
        if slots.ratio > NOTED_RATIO:
            yield finding(
                HAZARD,
                Level.WARNING if slots.ratio > WARNING_RATIO else Level.NOTE,
                title=f"the transaction of {statement.id} takes {slots.ratio:.0%} of the lock table",
                statement=statement,
                marker=f"{slots.slots:,} lock slots",
                evidence=(
                    f"{slots.locks:,} locks at the end of {statement.id}, {slots.slots:,} of them in the shared table",
                    f"room for {slots.capacity:,} in production: {slots.basis}; here {slots.capacity_here:,}",
                ),
                impact="when the table is full, whoever asks for the next lock fails with 53200",
                remedy="-- one partition (or a few) a transaction, or a larger max_locks_per_transaction (restart)",
            )


def _message(statement: StatementFacts) -> str:
    return statement.message or statement.trace_message


def _fullest(facts: Facts) -> Iterator[tuple[StatementFacts, LockSlotsFacts]]:
    """Of each transaction the first statement that took its most."""
    most: dict[tuple[object, str, int], tuple[StatementFacts, LockSlotsFacts]] = {}
    for statement in facts.statements:
        slots = statement.lock_slots
        key = (statement.direction, statement.step, statement.transaction)
        if slots is not None and (key not in most or slots.slots > most[key][1].slots):
            most[key] = (statement, slots)
    yield from most.values()
