"""From the events of the versions probe and of the quiet moment to their facts."""

from harness.analysis.facts.versions import (
    CallFacts,
    EffectFacts,
    PlanFacts,
    PreparedFacts,
    SchemaState,
    SessionFacts,
    ShapeFacts,
    VersionsFacts,
)
from harness.events.history import History
from harness.events.migration import StepEnded
from harness.events.run import PhaseEnded, PhaseStarted
from harness.events.versions import (
    ChangeSeen,
    OperationProbed,
    PlanCompared,
    PreparedRefused,
    SessionCompared,
    StateReached,
)
from harness.model.spans import Span
from harness.model.words import Direction, Pass, PhaseKind


def versions_span(history: History) -> Span | None:
    """When the versions probe ran, None where it did not come to its end."""
    began = [e.at_ns for e in history.of(PhaseStarted) if e.phase is PhaseKind.VERSIONS]
    ended = [e.at_ns for e in history.of(PhaseEnded) if e.phase is PhaseKind.VERSIONS]
    return Span(began[0], max(began[0], ended[-1])) if began and ended else None


def versions_of(history: History) -> VersionsFacts | None:
    """What the versions probe found; None where it did not run."""
    span, reached = versions_span(history), history.of(StateReached)
    if span is None or not reached:
        return None
    return VersionsFacts(
        states=tuple(SchemaState(number=e.state, name=e.name, statements=e.statements) for e in reached),
        calls=_calls(history),
        prepared=tuple(
            PreparedFacts(
                operation=e.operation, version=e.version, statement=e.statement, sqlstate=e.sqlstate, message=e.message
            )
            for e in history.of(PreparedRefused)
        ),
        plans=tuple(_plan(e) for e in history.of(PlanCompared)),
        duration_ns=span.duration_ns,
    )


def session_of(history: History) -> SessionFacts | None:
    """The migration's session in the quiet pass; None where it was not looked at."""
    event = next(iter(history.of(SessionCompared)), None)
    if event is None:
        return None
    changed = tuple((one.name, one.before, one.after) for one in event.changed)
    return SessionFacts(changed=changed, table=event.table, sqlstate=event.sqlstate, message=event.message)


def effect_of(history: History) -> EffectFacts | None:
    """Whether going up did what it says, in the quiet pass; None where it did not succeed there."""
    event = next(iter(history.of(ChangeSeen)), None)
    if event is None:
        return None
    steps = [e for e in history.of(StepEnded) if e.pass_ is Pass.TRACE and e.direction is Direction.UP]
    return EffectFacts(
        changed=event.changed,
        left_open=tuple(dict.fromkeys(step.step for step in steps if step.left_open)),
        shapes=tuple(
            ShapeFacts(statement=one.statement, identity=one.identity, says=one.says, found=one.found)
            for one in event.other_shapes
        ),
    )


def _calls(history: History) -> tuple[CallFacts, ...]:
    """One entry an operation and state, though it may have been executed in several turns."""
    found: dict[tuple[int, str], CallFacts] = {}
    for event in history.of(OperationProbed):
        key = (event.state, event.operation)
        known = found.get(key)
        failed, messages = (dict(known.failed), dict(known.messages)) if known else ({}, {})
        failed_at = dict(known.failed_at) if known else {}
        for error in event.errors:
            failed[error.sqlstate] = failed.get(error.sqlstate, 0) + error.count
            messages.setdefault(error.sqlstate, error.message)
            failed_at.setdefault(error.sqlstate, error.statement)
        found[key] = CallFacts(
            state=event.state,
            operation=event.operation,
            version=event.version,
            executions=event.executions + (known.executions if known else 0),
            failed=failed,
            messages=messages,
            failed_at=failed_at,
        )
    return tuple(found.values())


def _plan(event: PlanCompared) -> PlanFacts:
    return PlanFacts(
        operation=event.operation,
        version=event.version,
        statement=event.statement,
        sql=event.sql,
        cost_before=event.cost_before,
        cost_after=event.cost_after,
        plan_before=event.plan_before,
        plan_after=event.plan_after,
    )
