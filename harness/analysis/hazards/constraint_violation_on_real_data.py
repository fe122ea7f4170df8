"""constraint_violation_on_real_data: the real rows do not satisfy what the migration demands."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failure_findings import failure_findings
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.remedy.repair import violating_rows
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H402",
    name="constraint_violation_on_real_data",
    title="The data breaks the constraint",
    condition="A statement fails with SQLSTATE class 23 or with 22001 on the data at hand.",
    effect="The migration passes on an empty database and fails in production.",
    workaround="Find and repair the rows first; add the constraint NOT VALID, then validate it.",
    bad="ALTER TABLE users ADD CONSTRAINT email_set CHECK (email IS NOT NULL);",
    good="UPDATE users SET email = '' WHERE email IS NULL;\n"
    "ALTER TABLE users ADD CONSTRAINT email_set CHECK (email IS NOT NULL);",
)

REMEDY = "-- find the rows that break it and repair them first; add the constraint NOT VALID, VALIDATE it afterwards"


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a failed statement."""
    yield from failure_findings(HAZARD, facts, remedy=REMEDY, first=violating_rows)
