"""enum_value_in_same_transaction: a new enum value is used before it is committed."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failure_findings import failure_findings
from harness.analysis.judgement import Finding, Hazard
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H404",
    name="enum_value_in_same_transaction",
    title="A new enum value is used too early",
    condition="A statement fails with SQLSTATE 55P04: the enum value was added by the same transaction.",
    effect="The migration cannot be applied as it is.",
    workaround="Commit ALTER TYPE … ADD VALUE in a step of its own, and use the value in the next one.",
    bad="BEGIN; ALTER TYPE state ADD VALUE 'held'; UPDATE orders SET state = 'held' WHERE …; COMMIT;",
    good="ALTER TYPE state ADD VALUE 'held';  -- its own step\nUPDATE orders SET state = 'held' WHERE …;",
)

REMEDY = "-- ALTER TYPE … ADD VALUE in a step of its own, committed before the step that uses the value"


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a failed statement."""
    yield from failure_findings(HAZARD, facts, remedy=REMEDY)
