"""unvalidated_constraint_left: a constraint that nobody proved of the old rows."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.state_findings import statement_naming
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H421",
    name="unvalidated_constraint_left",
    title="A constraint stays NOT VALID",
    condition="A constraint is NOT VALID after the whole migration and was not there, or was valid, before.",
    effect="Rows that break it may be there; the planner does not use it, and SET NOT NULL and ATTACH PARTITION scan "
    "although it says what they ask.",
    workaround="VALIDATE CONSTRAINT in a later step: it lets reads and writes pass.",
    bad="ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;",
    good="ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;\n"
    "-- in the next step:\nALTER TABLE orders VALIDATE CONSTRAINT total_positive;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a constraint."""
    for described in facts.state.unvalidated_constraints_after_up:
        table, _, name = described.rpartition(".")
        yield finding(
            HAZARD,
            Level.NOTE,
            title=f"constraint {name} of {short(table)} stays NOT VALID",
            statement=statement_naming(facts, described),
            relation=table,
            marker="never validated",
            evidence=(f"{described} has convalidated = false after going up",),
            impact="rows from before may break it, and the planner does not rely on it",
            remedy=f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};  -- in a step of its own",
        )
