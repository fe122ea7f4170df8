"""wrong_results: nothing fails, but an invariant of the data does not hold."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.invariants import checked, when, wrong
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.units import plural
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H204",
    name="wrong_results",
    title="Wrong results",
    condition="An invariant of the scenario counts violations right after the migration, with no application writing "
    "meanwhile, and did not before; or later, where the migration moves no rows that could have been missed.",
    effect="The application works with wrong data and nobody is told.",
    workaround="Count first what the new definition changes: every row that only one of old and new gives.",
    bad="CREATE OR REPLACE VIEW balances AS SELECT … FROM customers JOIN orders …;  -- who has none is gone",
    good="CREATE OR REPLACE VIEW balances AS SELECT … FROM customers LEFT JOIN orders …;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an invariant, at its worst moment."""
    for invariant in wrong(facts):
        yield finding(
            HAZARD,
            Level.ERROR,
            title=f"{invariant.name}: {plural(invariant.violations or 0, 'violation')} ({when(invariant)})",
            evidence=("the invariant's query must answer 0", *checked(facts, invariant.name)),
            impact=f"{plural(invariant.violations or 0, 'wrong row')}",
            remedy="-- let the new definition keep the invariant; the rows that it counts show what changed",
        )
