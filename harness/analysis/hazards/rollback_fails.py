"""rollback_fails: the way back does not run to its end."""

from collections.abc import Iterator

from harness.analysis.deadlocks import DEADLOCK
from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.rollbacks import down_statement, rollback_level
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H301",
    name="rollback_fails",
    title="The rollback fails",
    condition="A statement of the way back fails, right after going up or after traffic ran in between; not by a "
    "deadlock with that traffic, which is deadlock_risk.",
    effect="In the incident that calls for the rollback, there is none.",
    workaround="Write the way back for the data that the new version will have written, and rehearse it under traffic.",
    bad="-- down\nALTER TABLE users ALTER COLUMN email SET NOT NULL;  -- the new version wrote NULLs",
    good="-- down\nUPDATE users SET email = '' WHERE email IS NULL;\n"
    "ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error; a note where the scenario declares the migration irreversible."""
    if facts.rollback.result != "fails":
        return
    statement = down_statement(facts)
    known = statement.sqlstate or statement.trace_sqlstate if statement else ""
    state = facts.rollback.failed_sqlstate or known
    said = statement.message or statement.trace_message if statement else ""
    if state == DEADLOCK:
        return
    message = facts.rollback.failed_message or said
    name = statement.id if statement else "the way back"
    yield finding(
        HAZARD,
        rollback_level(scenario),
        title=f"{name} fails on the way back" + (f" with {state}" if state else ""),
        statement=statement,
        direction=Direction.DOWN,
        marker=f"fails with {state}" if state else "fails",
        evidence=(f"{state} {message}".strip(), f"in the {facts.rollback.fails_in} pass"),
        impact="the schema stays between the two versions",
        remedy="-- make the way back accept the rows that the new version writes, then set the constraint",
    )
