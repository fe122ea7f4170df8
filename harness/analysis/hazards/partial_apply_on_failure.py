"""partial_apply_on_failure: going up failed and left something behind."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failures import UpFailure, up_failures
from harness.analysis.findings import finding, some_of
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H405",
    name="partial_apply_on_failure",
    title="A failed migration stays half applied",
    condition="Going up failed, and schema, data or invalid indexes differ from before.",
    effect="Running it again fails on what is there already; somebody has to clean up by hand.",
    workaround="One transaction a step, or statements that can be run again.",
    bad="CREATE INDEX CONCURRENTLY a_idx ON a (x);\nALTER TABLE a ADD CHECK (x > 0);  -- fails, the index stays",
    good="-- two steps: the index in one, the constraint in another",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a failed statement with something left behind."""
    for failure in up_failures(facts):
        left = (*failure.statement.left_behind, *_rows(facts, failure))
        if left:
            yield finding(
                HAZARD,
                Level.ERROR,
                title=f"{failure.statement.id} fails and leaves behind: {left[0]}",
                statement=failure.statement,
                marker="fails half-way",
                evidence=left,
                impact="running it again meets what is there already",
                remedy="-- clean up before the next attempt: " + "; ".join(left[:5]),
            )


def _rows(facts: Facts, failure: UpFailure) -> tuple[str, ...]:
    """Rows that were committed before the failure, in words; those of earlier steps are meant to stay."""
    steps = {s.step for s in facts.statements if s.direction is Direction.UP}
    if failure.statement.trace_sqlstate and steps == {failure.statement.step}:
        return some_of([f"changed rows of {relation}" for relation in facts.state.changed_by_up])
    return ()
