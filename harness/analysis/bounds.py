"""How long a request for a lock may stand in the queue, and which of a statement's locks matters most."""

from harness.analysis.facts import Facts, LockFacts, QueueProbeFacts, StatementFacts
from harness.analysis.held import INDEX_KINDS, is_used, transaction_of
from harness.analysis.locking import is_strong, mode_of
from harness.analysis.names import TABLE_KINDS
from harness.model.locks import LockMode
from harness.model.units import NS_PER_MS, parse_duration
from harness.model.words import Direction
from harness.spec.scenario import Scenario

LONGEST_BOUND_MS = 10_000
"""A longer timeout does not help: ten seconds of a stalled application are an outage for anybody."""
LATE_MS = 500
"""A timeout that strikes later than this after its time did not strike: on a starved machine it is late by tens of
milliseconds."""


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


def probes_at(facts: Facts, statement: StatementFacts) -> tuple[QueueProbeFacts, ...]:
    """What the queue probe showed of this statement: experiments in which the migration came to it."""
    if statement.direction is Direction.DOWN:
        return ()
    return tuple(probe for probe in facts.queue_probes if probe.statement == statement.id and probe.ran)


def waited_past(probe: QueueProbeFacts, statement: StatementFacts, scenario: Scenario) -> bool:
    """Whether the migration stood in the queue longer than any bound that is known to be in force lets it."""
    if probe.outcome != "waiting" or probe.waited_ns is None:
        return False
    limits = [ms for ms in (lock_timeout_ms(statement, scenario), statement.statement_timeout_ms or 0) if ms]
    bound_ms = min(limits, default=LONGEST_BOUND_MS + 1)
    return bound_ms > LONGEST_BOUND_MS or probe.waited_ns > (bound_ms + LATE_MS) * NS_PER_MS


def had_lock_timeout(probe: QueueProbeFacts) -> bool:
    """Whether a lock_timeout ended the wait in good time, wherever it was set."""
    own = probe.outcome == "retried" or (probe.outcome in ("cancelled", "given_up") and probe.sqlstate in ("55P03", ""))
    return own and probe.waited_ns is not None and probe.waited_ns <= (LONGEST_BOUND_MS + LATE_MS) * NS_PER_MS


def requested_lock(facts: Facts, statement: StatementFacts) -> LockFacts | None:
    """The strongest lock the statement asks for on an existing table or index, used ones first; None for none.

    A view counts where the application uses it: whoever has read it in a transaction stands in the way as on a table.
    Going down only what traffic uses counts. For an index of a table that the transaction has to itself already nobody
    can be in the way.
    """
    closed = _closed_before(facts, statement)
    strong = [lock for lock in statement.locks if is_strong(lock) and lock.table not in closed and _can_queue(lock)]
    if statement.direction is Direction.DOWN:
        strong = [lock for lock in strong if is_used(facts, lock.table or lock.relation)]
    return max(strong, key=_weight, default=None)


def _can_queue(lock: LockFacts) -> bool:
    return lock.kind in TABLE_KINDS | INDEX_KINDS or (lock.kind == "v" and lock.used_by_traffic)


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
