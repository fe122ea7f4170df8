"""data_loss_on_rollback: after going up and down, data is not what it was, or acknowledged writes are gone."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.rollbacks import down_naming, drift, losses, rollback_level
from harness.model.catalog import Change
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H302",
    name="data_loss_on_rollback",
    title="The rollback loses data",
    condition="After going up and down a column or table is missing, rows differ, a sequence went backwards, writes "
    'that the application was told are committed are gone, or an invariant with when = "rollback" counts facts lost.',
    effect="The rollback ends the incident and begins a worse one.",
    workaround="Let the way back keep a copy of what it removes, and let going up keep what it replaces.",
    bad="-- up\nALTER TABLE orders DROP COLUMN note;\n-- down\nALTER TABLE orders ADD COLUMN note text;",
    good="-- up\nALTER TABLE orders RENAME COLUMN note TO note_unused;\n"
    "-- down\nALTER TABLE orders RENAME COLUMN note_unused TO note;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One error with everything that is lost; a note where the scenario does not ask for the data."""
    lost = losses(facts.rollback)
    if facts.rollback.at_once == "fails" or not facts.rollback_ran or not lost:
        return
    level = rollback_level(scenario, data=not (facts.rollback.ledger_missing or facts.rollback.facts_lost))
    yield finding(
        HAZARD,
        level,
        title=f"the way back loses data: {lost[0]}" + (f" and {len(lost) - 1} more" if len(lost) > 1 else ""),
        statement=down_naming(facts, _lost(facts)),
        relation=".".join(_lost(facts).split(".")[:2]),
        marker="does not bring the data back",
        direction=Direction.DOWN,
        evidence=lost[:10],
        impact="only a backup brings it back",
        remedy="-- keep what going up removes (rename, or copy to a table of its own) until no rollback is wanted",
    )


def _lost(facts: Facts) -> str:
    """What is lost first: a column or table that is missing, a table whose rows differ, one whose writes are gone."""
    rollback = facts.rollback
    gone = [d.identity for d in drift(rollback) if d.change is Change.MISSING and d.kind in ("column", "table")]
    return next(iter([*gone, *(name for name, _, _ in rollback.changed_tables), *rollback.ledger_missing]), "")
