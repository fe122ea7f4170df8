"""id_exhaustion_or_overflow: a value no longer fits, in the migration or in the traffic after it."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failure_findings import failure_findings
from harness.analysis.failures import OVERFLOW_STATES, broken_operations
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.operation_findings import operation_finding
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H206",
    name="id_exhaustion_or_overflow",
    title="A number no longer fits",
    condition="SQLSTATE 22003 or 2200H in the migration, or in the traffic since it.",
    effect="The migration fails on the real data, or the application's inserts do.",
    workaround="Keep the wider type: bigint keys, and foreign keys of the type of the key they reference.",
    bad="ALTER TABLE orders ALTER COLUMN id TYPE integer;",
    good="-- keep bigint; count first: SELECT max(id) FROM orders;",
)

REMEDY = "-- keep the wider type; look at the largest value first: SELECT max(…) FROM …"


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a failed statement, and one an operation."""
    yield from failure_findings(HAZARD, facts, remedy=REMEDY)
    for new in (False, True):
        for broken in broken_operations(facts, new=new, chosen=OVERFLOW_STATES.__contains__):
            yield operation_finding(HAZARD, Level.ERROR, broken, facts=facts, remedy=REMEDY)
