"""What failed: statements of the migration going up, and operations of the application, by SQLSTATE."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.analysis.facts import Facts, OperationFacts, StatementFacts
from harness.analysis.names import same_relation
from harness.analysis.version_failures import ProbedFailure, probed_failures
from harness.model.words import Direction, Pass

OVERFLOW_STATES = frozenset({"22003", "2200H"})
"""numeric_value_out_of_range and sequence_generator_limit_exceeded."""


_KEYS = frozenset({"23503", "23505", "23P01"})
_QUOTED = re.compile(r'constraint "([^"]+)"')
_MAKES = re.compile(r"\badd\b|\bcreate\b.*\bindex\b", re.IGNORECASE | re.DOTALL)

_RAISED = frozenset({"P0", "09", "21", "22", "27", "38", "39"})
"""Classes of errors that functions, triggers and expressions raise on some rows and not on others."""
_MAKES_CODE = re.compile(
    r"\bcreate\b.*\b(function|procedure|trigger|rule|policy|view)\b|\benable\b.*\btrigger\b"
    r"|\bgenerated\s+always\s+as\s*\(",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class UpFailure:
    """A statement that failed for good going up; `seen_in` is the pass."""

    statement: StatementFacts
    sqlstate: str
    message: str
    seen_in: Pass


def up_failures(facts: Facts) -> tuple[UpFailure, ...]:
    """Statements whose last attempt failed, under load first, else in the quiet pass."""
    found = []
    for statement in facts.statements:
        if statement.direction is not Direction.UP:
            continue
        if statement.sqlstate and statement.duration_ns is not None:
            found.append(UpFailure(statement, statement.sqlstate, statement.message, Pass.LOAD))
        elif statement.trace_sqlstate:
            message = statement.trace_message or statement.message
            found.append(UpFailure(statement, statement.trace_sqlstate, message, Pass.TRACE))
    return tuple(found)


def failure_word(sqlstate: str) -> str:
    """The hazard that a failure going up is, by its SQLSTATE.

    >>> failure_word("23505"), failure_word("42601")
    ('constraint_violation_on_real_data', 'migration_fails')
    """
    if sqlstate in OVERFLOW_STATES:
        return "id_exhaustion_or_overflow"
    if sqlstate.startswith("23") or sqlstate == "22001":
        return "constraint_violation_on_real_data"
    words = {
        "25001": "not_in_transaction_failure",
        "55P04": "enum_value_in_same_transaction",
        "40P01": "deadlock_risk",
    }
    return words.get(sqlstate, "migration_fails")


@dataclass(frozen=True, slots=True)
class BrokenOperation:
    """An operation that fails with `sqlstate` since the migration, and did not before it; `by` is the likely statement.

    `count` failures under load, 0 where only the probe met it; `probed` is what the probe met, None for nothing.
    """

    operation: OperationFacts
    sqlstate: str
    count: int
    by: StatementFacts | None
    probed: ProbedFailure | None = None

    @property
    def message(self) -> str:
        """The first one, redacted."""
        probed = self.probed.message if self.probed else ""
        return self.operation.messages.get(self.sqlstate, "") or probed

    @property
    def text(self) -> str:
        """For people: what failed, how often, why."""
        version = f" (version {self.operation.version})" if self.operation.version else ""
        why = f": {self.message}" if self.message else ""
        times = f"{self.count:,} times under load" if self.count else "in the versions probe"
        return f"{self.operation.name}{version} failed {times} with {self.sqlstate}{why}"


def broken_operations(
    facts: Facts, *, new: bool, chosen: Callable[[str], bool], always: bool = False
) -> Iterator[BrokenOperation]:
    """Operations of the new (or of every other) version with errors whose SQLSTATE is `chosen`.

    Seen under load or by the versions probe, each operation and SQLSTATE once. With `always` an SQLSTATE that is not
    chosen counts too where every execution in the probe failed with it, or it names a constraint that the migration
    made, or code raises such errors and the migration makes some: no chance of the values drawn.
    """
    for operation in facts.operations:
        if operation.is_new is not new:
            continue
        probed = probed_failures(facts, operation)
        for state in sorted({*operation.failed, *probed}):
            count, found = operation.failed.get(state, 0), probed.get(state)
            message = operation.messages.get(state, "") or (found.message if found else "")
            every = found is not None and found.every_time
            new_in_it = every or _breaks_new_key(facts, state, message) or _raised_by_new_code(facts, state)
            wanted = chosen(state) or (always and new_in_it)
            if (count or found) and wanted and (new or state not in operation.failed_in_baseline):
                by = _made_by(facts, operation, found) if found else culprit(facts, operation, state)
                yield BrokenOperation(operation, state, count, by, found)


def _breaks_new_key(facts: Facts, sqlstate: str, message: str) -> bool:
    """Whether an error is a violation of a foreign key, unique or exclusion constraint that a statement going up makes.

    By the constraint's name, as the server says it and the statement too.
    """
    if sqlstate not in _KEYS:
        return False
    making = [s for s in facts.statements if s.direction is Direction.UP and _MAKES.search(s.sql)]
    return any(
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", s.sql) for name in _QUOTED.findall(message) for s in making
    )


def _raised_by_new_code(facts: Facts, sqlstate: str) -> bool:
    """Whether an error is one that code raises, and a statement going up makes or enables code."""
    up = (s for s in facts.statements if s.direction is Direction.UP)
    return sqlstate[:2] in _RAISED and any(_MAKES_CODE.search(s.sql) for s in up)


def _made_by(facts: Facts, operation: OperationFacts, found: ProbedFailure) -> StatementFacts | None:
    """Of the statements that made the state in which it first failed, the last one that locked what it uses."""
    made = [s for s in facts.statements if s.direction is Direction.UP and s.id in found.statements]
    near = [s for s in made if _touches(s, operation)]
    return next(reversed(near or made), None)


def culprit(facts: Facts, operation: OperationFacts, sqlstate: str) -> StatementFacts | None:
    """The last statement before the first error that locked a relation of the operation, else the last one at all."""
    at = operation.first_failed_ns.get(sqlstate)
    if at is None:
        return None
    before = [s for s in facts.statements if s.duration_ns is not None and s.span and s.span.start_ns <= at]
    near = [s for s in before if _touches(s, operation)]
    return next(reversed(near or before), None)


def _touches(statement: StatementFacts, operation: OperationFacts) -> bool:
    names = (*operation.reads, *operation.writes)
    locked = [lock for lock in statement.locks if "Exclusive" in lock.mode and lock.mode != "RowExclusiveLock"]
    return any(same_relation(lock.table or lock.relation, name) for lock in locked for name in names)
