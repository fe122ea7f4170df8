"""trigger_missed_rows: rows written while the migration ran were missed by its trigger, backfill or copy."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.invariants import checked, missed, writes_missed
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.model.units import plural
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H210",
    name="trigger_missed_rows",
    title="Rows missed while the migration ran",
    condition="An invariant holds right after the migration while nothing else writes, and counts violations when the "
    "application's operations run between and after its transactions; or writes that the application was told are "
    "committed are gone after going up.",
    effect="Rows that the application wrote meanwhile lack what the backfill or the trigger was to give them, or have "
    "lost it again, and nobody is told.",
    workaround="Create the trigger first, for INSERT and UPDATE, and then backfill what is still empty.",
    bad="UPDATE users SET username = login;\nCREATE TRIGGER …;  -- rows written in between are missed",
    good="CREATE TRIGGER … BEFORE INSERT OR UPDATE …;\n"
    "UPDATE users SET username = login WHERE username IS DISTINCT FROM login;",
)

REMEDY = "-- trigger first, for INSERT and UPDATE; then backfill what is still empty, in batches; then count again"


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an invariant, at its worst moment, and one a relation whose acknowledged writes are gone."""
    for invariant in missed(facts):
        yield finding(
            HAZARD,
            Level.ERROR,
            title=f"{invariant.name}: {plural(invariant.violations or 0, 'row')} missed with the application writing",
            evidence=("the invariant's query must answer 0", *checked(facts, invariant.name)),
            impact=f"{plural(invariant.violations or 0, 'wrong row')}",
            remedy=REMEDY,
        )
    for relation, count in writes_missed(facts).items():
        yield finding(
            HAZARD,
            Level.ERROR,
            title=f"{plural(count, 'acknowledged write')} to {short(relation)} lost",
            relation=relation,
            evidence=(f"{plural(count, 'row')} that the application had committed to {relation} cannot be found",),
            impact="the application was told that they are safe",
            remedy=REMEDY,
        )
