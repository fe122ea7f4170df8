"""trigger_disabled_left: a trigger that was switched off and not on again."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.schema_changes import disabled_triggers
from harness.analysis.state_findings import change_notes
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H225",
    name="trigger_disabled_left",
    title="A trigger stays disabled",
    condition="A trigger, a rule, an event trigger or a foreign key's own trigger is disabled after going up and was "
    "not before.",
    effect="What it kept right (audit, counters, references) goes wrong from now on without an error.",
    workaround="Enable it in the same transaction; for a load, session_replication_role = replica does not outlive "
    "the session.",
    bad="ALTER TABLE orders DISABLE TRIGGER ALL;\nUPDATE orders SET state = 'x' WHERE …;",
    good="ALTER TABLE orders DISABLE TRIGGER orders_audit;\nUPDATE orders SET state = 'x' WHERE …;\n"
    "ALTER TABLE orders ENABLE TRIGGER orders_audit;  -- in one transaction",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a table."""
    yield from change_notes(
        HAZARD,
        facts,
        disabled_triggers(facts.left.schema_changes),
        marker="disables a trigger",
        impact="what the trigger kept right goes wrong without an error",
    )
