"""What the versions probe says of an operation: with what it failed since the migration, and in which state first."""

from dataclasses import dataclass

from harness.analysis.facts import CallFacts, Facts, OperationFacts, SchemaState, VersionsFacts
from harness.model.sqlstate import ErrorClass, classify

TRANSIENT = frozenset(
    {ErrorClass.LOCK, ErrorClass.TIMEOUT, ErrorClass.SERIALIZATION, ErrorClass.CAPACITY, ErrorClass.CONNECTION}
)
"""Errors of a moment: they say nothing of the schema, even where nothing else runs."""


@dataclass(frozen=True, slots=True)
class ProbedFailure:
    """Failures of one operation with one SQLSTATE, in the state in which it came first.

    `statements` are those of the migration that made the state; for a version that starts only then, all up to it.
    `statement` is the one of the operation, from 0, that the first error came from. `every_time`: no execution in that
    state succeeded.
    """

    state: SchemaState
    count: int
    executions: int
    message: str
    statements: tuple[str, ...]
    statement: int = 0

    @property
    def every_time(self) -> bool:
        """Whether no execution in that state did anything else."""
        return self.count == self.executions


def probed_failures(facts: Facts, operation: OperationFacts) -> dict[str, ProbedFailure]:
    """By SQLSTATE, without those that came before the migration too, and without what comes after the way back."""
    probe = facts.versions
    if probe is None:
        return {}
    states = {state.number: state for state in probe.states}
    calls = sorted((c for c in probe.calls if c.operation == operation.name), key=lambda call: call.state)
    found: dict[str, ProbedFailure] = {}
    for call in calls:
        state = states.get(call.state)
        if call.state == 0 or state is None or state.is_after_rollback:
            continue
        for sqlstate in new_errors(probe, call):
            if sqlstate not in found:
                found[sqlstate] = ProbedFailure(
                    state,
                    call.failed[sqlstate],
                    call.executions,
                    call.messages.get(sqlstate, ""),
                    _made(probe, calls, call),
                    call.failed_at.get(sqlstate, 0),
                )
    return found


def new_errors(probe: VersionsFacts, call: CallFacts) -> tuple[str, ...]:
    """SQLSTATEs of an operation in one state that are not of the moment, and did not come before the migration."""
    before = {s for c in probe.calls if c.state == 0 and c.operation == call.operation for s in c.failed}
    return tuple(s for s in sorted(call.failed) if s not in before and classify(s) not in TRANSIENT)


def _made(probe: VersionsFacts, calls: list[CallFacts], call: CallFacts) -> tuple[str, ...]:
    """The statements since the operation was last executed; all of them where it had not been."""
    last = max((one.state for one in calls if one.state < call.state), default=-1)
    made = [s for state in probe.states if last < state.number <= call.state for s in state.statements]
    return tuple(dict.fromkeys(made))
