"""deadlock_risk: the server broke a deadlock between the migration and the application."""

from collections.abc import Iterator

from harness.analysis.deadlocks import DEADLOCK
from harness.analysis.facts import DeadlockFacts, DeadlockSideFacts, Facts, ProbedDeadlockFacts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.remedy.steps import RETRY
from harness.model.words import Direction, Role
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H108",
    name="deadlock_risk",
    title="Migration and application deadlock",
    condition="SQLSTATE 40P01 occurred in the migration, or in the application while the migration ran: under load, or "
    "when the deadlock probe ran it against the application in a loop.",
    effect="One of the two is rolled back: users get errors, or the migration fails half-way.",
    workaround="Lock in the order the application locks, one table a transaction, rows in key order, in small batches.",
    bad="BEGIN; UPDATE orders SET …; ALTER TABLE users ADD COLUMN …; COMMIT;  -- the application goes users → orders",
    good="ALTER TABLE users ADD COLUMN …;  -- its own transaction\nUPDATE orders SET … WHERE id BETWEEN …;  -- another",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One finding for all deadlocks in which the migration had a part."""
    found = [one for one in facts.deadlocks if one.statement or one.role == Role.MIGRATION.value]
    traced = [s for s in facts.statements if DEADLOCK in (s.sqlstate, s.trace_sqlstate)]
    probed = facts.deadlock_probe.deadlocks if facts.deadlock_probe else ()
    if not found and not traced and not probed:
        return
    at = [one.statement for one in found] + [one.statement for one in probed] + [one.id for one in traced]
    named = next((name for name in at if name), "")
    statement = next((s for s in facts.statements if s.id == named), None)
    yield finding(
        HAZARD,
        _level(statement, facts),
        title=_title(len(found) or len(traced) or len(probed)),
        statement=statement,
        marker="deadlock",
        evidence=(
            *(line for one in found for line in _lines(one, facts)),
            *dict.fromkeys(_probed(one) for one in probed),
        )
        or (f"{named} failed with 40P01",),
        impact="the victim's transaction is rolled back with an error",
        remedy=f"{RETRY}\n-- and take locks in the application's order, one table or one small batch a transaction",
    )


def _level(statement: StatementFacts | None, facts: Facts) -> Level:
    """An error; a warning on the way back, unless it was the victim and did not get to its end."""
    back = statement is not None and statement.direction is Direction.DOWN
    return Level.WARNING if back and facts.rollback.result != "fails" else Level.ERROR


def _title(count: int) -> str:
    return f"{count} deadlock{'s' if count > 1 else ''} between the migration and the application"


def _lines(one: DeadlockFacts, facts: Facts) -> list[str]:
    """The victim, and, where the server told them, both sides: what each ran, waited for, and behind whom."""
    during = f" while {one.statement} ran" if one.statement else ""
    return [f"{one.victim} got 40P01 at {facts.moment(one.at_ns)}{during}", *(_side(side) for side in one.sides)]


def _side(side: DeadlockSideFacts) -> str:
    who = f"{side.who} ({side.what})" if side.what else side.who
    ran = f" in {side.query}" if side.query else ""
    return f"{who} waited{ran} for {side.wanted}, held by {side.blocked_by}"


def _probed(one: ProbedDeadlockFacts) -> str:
    others = "; ".join(f"{at.operation}: {' '.join(at.sql.split())}" for at in one.application)
    who = "the migration" if one.victim == Role.MIGRATION.value else "the application"
    against = f" against {others}" if others else ""
    return f"deadlock probe: {who} got 40P01 while {one.statement or 'the migration'} ran{against}"
