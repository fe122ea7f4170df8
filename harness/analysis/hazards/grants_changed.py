"""grants_changed: somebody may do less than before."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.schema_changes import lost_grants
from harness.analysis.state_findings import change_notes
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H221",
    name="grants_changed",
    title="Privileges are not what they were",
    condition="After going up an object that is still there lacks a privilege somebody had on it.",
    effect="What was made anew under the old name has no grants: reports, jobs and other applications that this "
    "rehearsal's traffic does not play are refused with 42501. It is only told; an operation that fails is H203.",
    workaround="Grant again in the same transaction, or change the object in its place (CREATE OR REPLACE, ALTER).",
    bad="ALTER TABLE orders RENAME TO orders_old;\nCREATE TABLE orders (LIKE orders_old INCLUDING ALL);",
    good="CREATE TABLE orders_new (LIKE orders INCLUDING ALL);\nGRANT SELECT ON orders_new TO reporting;\n"
    "-- then the names are exchanged",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a table."""
    yield from change_notes(
        HAZARD,
        facts,
        lost_grants(facts.left.schema_changes),
        marker="takes privileges away",
        impact="whoever had them is refused from now on (42501)",
    )
