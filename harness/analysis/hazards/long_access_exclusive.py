"""long_access_exclusive: nobody can read a table while work that grows with the data goes on."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.held import Holding
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.long_holds import long_holds
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H103",
    name="long_access_exclusive",
    title="Reads and writes stand still while the migration works",
    condition="A statement reads, changes or rewrites half of a table or more while its transaction holds ACCESS "
    "EXCLUSIVE on an existing table or on one of its indexes; or such a lock was held longer than the budget.",
    effect="No session can read the table until the transaction ends. The time grows with the table: milliseconds here "
    "are minutes on a large one.",
    workaround="Do the work that grows with the data under a weaker lock, and take ACCESS EXCLUSIVE only for the "
    "catalog change, in a transaction of its own.",
    bad="ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
    good="ALTER TABLE orders ADD CONSTRAINT note_set CHECK (note IS NOT NULL) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT note_set;\n"
    "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;\nALTER TABLE orders DROP CONSTRAINT note_set;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One finding a table and transaction."""
    yield from long_holds(HAZARD, facts, scenario, chosen=_unreadable, effect="can neither be read nor written")


def _unreadable(holding: Holding) -> bool:
    return holding.mode.blocks_reads
