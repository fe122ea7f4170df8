"""cached_plan_error: statements that a session had prepared before fail once afterwards."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failures import broken_operations
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import qualified
from harness.analysis.operation_findings import failed_sql, operation_finding
from harness.model.sqlstate import CACHED_PLAN
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H207",
    name="cached_plan_error",
    title="Prepared statements fail after the change",
    condition="An operation fails with SQLSTATE 0A000, cached plan must not change result type: it was prepared before "
    "the migration, and its result has other columns or types now.",
    effect="One error a prepared statement and connection, until the driver prepares it anew.",
    workaround="Name the columns instead of SELECT *, or let the driver retry on 0A000 outside a transaction.",
    bad="SELECT * FROM orders WHERE id = $1",
    good="SELECT id, status, placed_at FROM orders WHERE id = $1",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note an operation."""
    told: set[str] = set()
    for new in (False, True):
        for broken in broken_operations(facts, new=new, chosen=_is_cached_plan):
            if broken.count:
                remedy = _remedy(failed_sql(broken))
                yield operation_finding(HAZARD, Level.NOTE, broken, facts=facts, remedy=remedy)
                told.add(broken.operation.name)
    yield from _prepared(facts, told)


def _prepared(facts: Facts, told: set[str]) -> Iterator[Finding]:
    """What the probe executed in the session that had prepared it, where traffic did not meet it too."""
    for one in facts.versions.prepared if facts.versions else ():
        operation = next((o for o in facts.operations if o.name == one.operation), None)
        if not _is_cached_plan(one.sqlstate) or one.operation in told:
            continue
        told.add(one.operation)
        sql = operation.sql[one.statement] if operation and one.statement < len(operation.sql) else ""
        yield finding(
            HAZARD,
            Level.NOTE,
            title=f"{one.operation}: a statement prepared before the migration fails with {one.sqlstate}",
            relation=qualified(operation.reads[0]) if operation and operation.reads else "",
            evidence=(f"{one.sqlstate} {one.message}", "versions probe, in the session that had prepared it", sql),
            impact="one error a prepared statement and connection",
            remedy=_remedy(sql),
        )


def _remedy(sql: str) -> str:
    """By whether the statement asks for all columns, and so for those it does not need."""
    if "*" in sql or not sql:
        return "-- name the columns that the operation needs instead of *"
    return "-- a column of the result has another type now: let the driver retry on 0A000 outside a transaction"


def _is_cached_plan(sqlstate: str) -> bool:
    return sqlstate == CACHED_PLAN
