"""owner_changed: an object belongs to somebody else."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.schema_changes import changed_owners
from harness.analysis.state_findings import change_notes
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H222",
    name="owner_changed",
    title="An object belongs to another role than before",
    condition="After going up an object that was there before, or one made anew under its name, has another owner.",
    effect="The old owner can neither alter nor drop it, the next migration may not; row security and views check the "
    "new one.",
    workaround="ALTER … OWNER TO the old role in the same transaction; or migrate as the owner (SET ROLE).",
    bad="DROP VIEW open_orders;\nCREATE VIEW open_orders AS SELECT …;  -- belongs to whoever migrates",
    good="CREATE OR REPLACE VIEW open_orders AS SELECT …;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note an object."""
    yield from change_notes(
        HAZARD,
        facts,
        changed_owners(facts.left.schema_changes),
        marker="changes the owner",
        impact="the old owner cannot alter it any more",
    )
