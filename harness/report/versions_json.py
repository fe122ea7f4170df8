"""The versions probe in rehearsal.json."""

import msgspec

from harness.analysis.facts import Facts
from harness.report.words import milliseconds


class SchemaState(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the schema: the statements that made it, and a name where it has one (before, up, down, a phase's)."""

    state: int
    name: str | None
    statements: tuple[str, ...]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An operation executed against a state; `failed` counts by SQLSTATE, those that came before too."""

    state: int
    operation: str
    version: str | None
    executions: int
    failed: dict[str, int]


class PreparedRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A SELECT prepared before the migration that failed after it."""

    operation: str
    version: str | None
    statement: int
    sqlstate: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A statement whose plan became at least twice as dear."""

    operation: str
    version: str | None
    statement: int
    sql: str
    cost_before: float
    cost_after: float
    plan_before: tuple[str, ...]
    plan_after: tuple[str, ...]


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions probe."""

    duration_ms: float | None
    states: tuple[SchemaState, ...]
    calls: tuple[Call, ...]
    prepared_refused: tuple[PreparedRefused, ...]
    plans: tuple[Plan, ...]


def versions(facts: Facts) -> Versions | None:
    """States, calls, prepared statements and plans; null where the probe did not run."""
    probe = facts.versions
    if probe is None:
        return None
    return Versions(
        duration_ms=milliseconds(probe.duration_ns),
        states=tuple(SchemaState(state=s.number, name=s.name or None, statements=s.statements) for s in probe.states),
        calls=tuple(
            Call(
                state=c.state,
                operation=c.operation,
                version=c.version or None,
                executions=c.executions,
                failed=dict(sorted(c.failed.items())),
            )
            for c in probe.calls
        ),
        prepared_refused=tuple(
            PreparedRefused(
                operation=p.operation, version=p.version or None, statement=p.statement, sqlstate=p.sqlstate
            )
            for p in probe.prepared
        ),
        plans=tuple(
            Plan(
                operation=p.operation,
                version=p.version or None,
                statement=p.statement,
                sql=p.sql,
                cost_before=p.cost_before,
                cost_after=p.cost_after,
                plan_before=p.plan_before,
                plan_after=p.plan_after,
            )
            for p in probe.plans
        ),
    )
