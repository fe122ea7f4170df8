"""wrong_results: nothing fails, but an invariant of the data does not hold."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.invariants import violated
from harness.analysis.judgement import Finding, Hazard, Level
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H204",
    name="wrong_results",
    title="Wrong results",
    condition="An invariant of the scenario counts violations, and did not before the migration.",
    effect="The application works with wrong data and nobody is told.",
    workaround="Create the trigger before the backfill, and let the backfill not overwrite newer values.",
    bad="UPDATE users SET username = login;\nCREATE TRIGGER …;  -- rows written in between are missed",
    good="CREATE TRIGGER …;\nUPDATE users SET username = login WHERE username IS DISTINCT FROM login;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an invariant, at its worst moment."""
    for invariant in violated(facts):
        yield finding(
            HAZARD,
            Level.ERROR,
            title=f"{invariant.name}: {invariant.violations:,} violations ({invariant.moment})",
            evidence=(f"the invariant's query answered {invariant.violations:,} at {invariant.moment}, 0 is right",),
            impact=f"{invariant.violations:,} rows are wrong",
            remedy="-- make both writers keep the invariant (trigger before backfill), then repair the rows it counts",
        )
