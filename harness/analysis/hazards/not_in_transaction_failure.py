"""not_in_transaction_failure: a statement that refuses a transaction block stands in one."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failure_findings import failure_findings
from harness.analysis.judgement import Finding, Hazard
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H403",
    name="not_in_transaction_failure",
    title="Not allowed in a transaction",
    condition="A statement fails with SQLSTATE 25001: it refuses to run inside a transaction block.",
    effect="The migration cannot be applied as it is.",
    workaround="Give the statement a step without a transaction (CONCURRENTLY, VACUUM, ALTER SYSTEM).",
    bad="BEGIN; CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note); COMMIT;",
    good="CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);",
)

REMEDY = "-- move the statement to a step of its own that the tool runs without a transaction"


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a failed statement."""
    yield from failure_findings(HAZARD, facts, remedy=REMEDY)
