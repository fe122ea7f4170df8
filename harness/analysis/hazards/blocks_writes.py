"""blocks_writes: a table can be read but not written while work that grows with the data goes on."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.held import Holding
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.long_holds import long_holds
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H104",
    name="blocks_writes",
    title="Writes stand still while the migration works",
    condition="A statement reads, changes or rewrites half of a table or more while its transaction holds SHARE, SHARE "
    "ROW EXCLUSIVE or EXCLUSIVE on an existing table; or such a lock was held longer than the budget.",
    effect="INSERT, UPDATE and DELETE wait until the transaction ends, as long as the work takes on the real table.",
    workaround="Use the form that lets writes through: CREATE INDEX CONCURRENTLY; NOT VALID, then VALIDATE CONSTRAINT.",
    bad="CREATE INDEX orders_placed_idx ON orders (placed_at);",
    good="CREATE INDEX CONCURRENTLY orders_placed_idx ON orders (placed_at);",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One finding a table and transaction; a table that cannot even be read is long_access_exclusive."""
    yield from long_holds(HAZARD, facts, scenario, chosen=_read_only, effect="cannot be written")


def _read_only(holding: Holding) -> bool:
    return not holding.mode.blocks_reads
