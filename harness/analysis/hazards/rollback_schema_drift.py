"""rollback_schema_drift: after going up and down the schema is not what it was."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.rollbacks import difference_text, down_naming, drift, rollback_level
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H303",
    name="rollback_schema_drift",
    title="The rollback leaves another schema",
    condition="After going up and down an object is missing, new or different: column, index, constraint, grant, "
    "owner, comment, default.",
    effect="The next migration, and the next rehearsal, meet a schema that no file describes.",
    workaround="Undo each statement, with grants, comments and defaults.",
    bad="-- up\nDROP INDEX orders_note_idx;\n-- down\n(nothing)",
    good="-- up\nDROP INDEX CONCURRENTLY orders_note_idx;\n-- down\n"
    "CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One error with every difference."""
    found = drift(facts.rollback)
    if facts.rollback.result == "fails" or not facts.rollback_ran or not found:
        return
    texts = tuple(difference_text(d) for d in found)
    yield finding(
        HAZARD,
        rollback_level(scenario),
        title=f"the way back leaves another schema: {texts[0]}"
        + (f" and {len(texts) - 1} more" if len(texts) > 1 else ""),
        statement=down_naming(facts, found[0].identity),
        marker="does not bring the schema back",
        relation=".".join(found[0].identity.split(".")[:2]),
        direction=Direction.DOWN,
        evidence=texts[:10],
        impact="the schema after the rollback is one that no file describes",
        remedy="-- undo in the way back: " + "; ".join(texts[:5]),
    )
