"""query_plan_regression: a statement of the application has a far dearer plan since the migration."""

from collections.abc import Iterator
from typing import Final

from harness.analysis.facts import Facts, PlanFacts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.words import Direction
from harness.spec.scenario import Scenario

GREW: Final = 20.0
"""How many times dearer: far beyond what another sample of ANALYZE or a few more rows do to a plan."""
FROM_COST: Final = 400.0
"""The planner's cost from which it matters: a few hundred pages read one after another."""

HAZARD = Hazard(
    id="H211",
    name="query_plan_regression",
    title="A query's plan has become far dearer",
    condition="The planner's total cost of a statement of the old version grew at least 20-fold and is above 400 after "
    "the migration; both after ANALYZE, with the same parameters.",
    effect="The statement reads the table where it used to read an index; under load it takes the server with it.",
    workaround="Keep the index until the new one is there and serves the same statements: its leading columns decide.",
    bad="CREATE INDEX CONCURRENTLY ON orders (status, customer_id);\nDROP INDEX orders_customer_idx;",
    good="CREATE INDEX CONCURRENTLY ON orders (customer_id, status);\nDROP INDEX CONCURRENTLY orders_customer_idx;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a statement of the application, with both plans."""
    for plan in facts.versions.plans if facts.versions else ():
        if plan.cost_after >= GREW * plan.cost_before and plan.cost_after > FROM_COST:
            yield _finding(plan, _culprit(facts))


def _finding(plan: PlanFacts, by: StatementFacts | None) -> Finding:
    factor = f"{plan.cost_after / plan.cost_before:,.0f}×" if plan.cost_before else "from 0"
    return finding(
        HAZARD,
        Level.ERROR,
        title=f"{plan.operation}: the plan's cost went from {plan.cost_before:,.0f} to {plan.cost_after:,.0f}",
        statement=by,
        relation=next((lock.table or lock.relation for lock in by.locks), "") if by else "",
        marker=f"{plan.operation} reads more from here on",
        evidence=(
            plan.sql,
            *(f"before  {line}" for line in plan.plan_before),
            *(f"after   {line}" for line in plan.plan_after),
        ),
        impact=f"cost {factor}, by the planner after ANALYZE",
        remedy="-- keep or make an index that leads with the columns the statement compares:\n"
        "-- CREATE INDEX CONCURRENTLY … ON … (…);",
    )


def _culprit(facts: Facts) -> StatementFacts | None:
    """The last statement that took an index away, else none: a plan does not say why it changed."""
    dropped = [s for s in facts.statements if s.direction is Direction.UP and s.tag.startswith("DROP INDEX")]
    return next(reversed(dropped), None)
