"""rollback_column_order: everything is back, but columns stand in another order."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.rollbacks import moved
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H304",
    name="rollback_column_order",
    title="The rollback moves columns",
    condition="After going up and down everything is as before, except the order of columns.",
    effect="SELECT * and INSERT without a column list see another order; PostgreSQL cannot put a column back.",
    workaround="Name columns in the application; keep the old column and rename it instead of dropping it.",
    bad="INSERT INTO orders VALUES (1, 'paid');",
    good="INSERT INTO orders (id, status) VALUES (1, 'paid');",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One note."""
    if facts.rollback.result != "column_order":
        return
    found = moved(facts.rollback)
    names = [d.identity for d in found]
    yield finding(
        HAZARD,
        Level.NOTE,
        title=f"columns stand in another order after the way back: {', '.join(names[:3])}",
        relation=".".join(names[0].split(".")[:2]) if names else "",
        direction=Direction.DOWN,
        evidence=tuple(f"column {d.identity}: {d.before} → {d.after}" for d in found[:10]),
        remedy="-- name the columns in every SELECT and INSERT of the application",
    )
