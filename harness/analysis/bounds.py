"""How long a request for a lock may stand in the queue, and which of a statement's locks matters most."""

from harness.analysis.facts import Facts, LockFacts, StatementFacts
from harness.analysis.held import INDEX_KINDS, is_used, transaction_of
from harness.analysis.locking import is_strong, mode_of
from harness.analysis.names import TABLE_KINDS
from harness.model.locks import LockMode
from harness.model.units import NS_PER_MS, parse_duration
from harness.model.words import Direction
from harness.spec.scenario import Scenario

LONGEST_BOUND_MS = 10_000
"""A longer timeout does not help: ten seconds of a stalled application are an outage for anybody."""


def lock_timeout_ms(statement: StatementFacts, scenario: Scenario) -> int:
    """What was in force; where a tool's session did not tell, what the scenario sets for it."""
    if statement.lock_timeout_ms is not None:
        return statement.lock_timeout_ms
    return parse_duration(scenario.migration.lock_timeout) // NS_PER_MS


def is_lock_bounded(statement: StatementFacts, scenario: Scenario) -> bool:
    """Whether lock_timeout bounds the statement's waits."""
    return 1 <= lock_timeout_ms(statement, scenario) <= LONGEST_BOUND_MS


def is_bounded(statement: StatementFacts, scenario: Scenario) -> bool:
    """Whether lock_timeout or statement_timeout does."""
    return is_lock_bounded(statement, scenario) or 1 <= (statement.statement_timeout_ms or 0) <= LONGEST_BOUND_MS


def requested_lock(facts: Facts, statement: StatementFacts) -> LockFacts | None:
    """The strongest lock the statement asks for on an existing table or index, used ones first; None for none.

    Going down only what traffic uses counts. For an index of a table that the transaction has to itself already nobody
    can be in the way.
    """
    closed = _closed_before(facts, statement)
    strong = [
        lock
        for lock in statement.locks
        if is_strong(lock) and lock.kind in TABLE_KINDS | INDEX_KINDS and lock.table not in closed
    ]
    if statement.direction is Direction.DOWN:
        strong = [lock for lock in strong if is_used(facts, lock.table or lock.relation)]
    return max(strong, key=_weight, default=None)


def _closed_before(facts: Facts, statement: StatementFacts) -> frozenset[str]:
    """Tables on which earlier statements of its transaction took ACCESS EXCLUSIVE."""
    return frozenset(
        lock.relation
        for earlier in transaction_of(facts, statement)
        if earlier is not statement
        for lock in earlier.locks
        if mode_of(lock.mode) is LockMode.ACCESS_EXCLUSIVE
    )


def _weight(lock: LockFacts) -> tuple[int, bool, bool]:
    return int(mode_of(lock.mode) or 0), lock.used_by_traffic, lock.kind in TABLE_KINDS
