"""Events of the probes: both versions of the application against every state of the schema, and what they left."""

import msgspec

from harness.events.base import Event
from harness.model.words import Pass


class StateReached(Event, tag="state_reached", frozen=True, kw_only=True):
    """Versions probe: the schema stands in state `state` (0 is before the migration, counted in order).

    `statements` are those committed since the state before. `name` is the scenario's phase that ended here, "up" where
    the whole migration has, "down" after the way back, "" in between.
    """

    pass_: Pass
    state: int
    statements: tuple[str, ...]
    name: str = ""


class CallError(msgspec.Struct, frozen=True, kw_only=True):
    """Executions of an operation that ended with an SQLSTATE; `statement` (from 0) and `message` are the first's."""

    sqlstate: str
    count: int
    statement: int
    message: str


class OperationProbed(Event, tag="operation_probed", frozen=True, kw_only=True):
    """Versions probe: an operation executed a few times against one state, each in a transaction of its own."""

    pass_: Pass
    state: int
    operation: str
    version: str
    executions: int
    errors: tuple[CallError, ...]


class PreparedRefused(Event, tag="prepared_refused", frozen=True, kw_only=True):
    """Versions probe: a SELECT that a session had prepared before the migration fails after it in that session."""

    pass_: Pass
    operation: str
    version: str
    statement: int
    sqlstate: str
    message: str


class PlanCompared(Event, tag="plan_compared", frozen=True, kw_only=True):
    """Versions probe: EXPLAIN of one statement, with the same parameters, before and after; both after ANALYZE.

    Costs are the planner's, in its own units. A plan is its nodes, indented, without conditions: those quote values.
    """

    pass_: Pass
    operation: str
    version: str
    statement: int
    sql: str
    cost_before: float
    cost_after: float
    plan_before: tuple[str, ...]
    plan_after: tuple[str, ...]


class SettingChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of the migration's session, before the first step and after the last."""

    name: str
    before: str
    after: str


class SessionCompared(Event, tag="session_compared", frozen=True, kw_only=True):
    """The migration's own session after going up, and what an unqualified INSERT into `table` met in it.

    `sqlstate` "" is success. Timeouts that a migration sets for itself are not among the `changed`.
    """

    pass_: Pass
    changed: tuple[SettingChanged, ...]
    table: str
    sqlstate: str
    message: str = ""


class OtherShape(msgspec.Struct, frozen=True, kw_only=True):
    """An object that IF NOT EXISTS passed over, and that is not what the statement says."""

    statement: str
    identity: str
    says: str
    found: str


class ChangeSeen(Event, tag="change_seen", frozen=True, kw_only=True):
    """Whether going up changed anything: catalogs, rows, sequences; `changed` None where it was not measured."""

    pass_: Pass
    changed: bool | None
    other_shapes: tuple[OtherShape, ...]
