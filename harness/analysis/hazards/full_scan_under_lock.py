"""full_scan_under_lock: a table is read or changed throughout while writes to it are refused."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding, on_the_way
from harness.analysis.held import growing_work, holdings, is_used, weight
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.remedy.safer import safer
from harness.analysis.work import is_big, work_text
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H106",
    name="full_scan_under_lock",
    title="The table is scanned while writes to it wait",
    condition="A statement reads, rewrites or changes half of a table or more while its transaction refuses writes to "
    "that same table.",
    effect="Writers wait for a scan whose length is the table's.",
    workaround="Have the scan done under SHARE UPDATE EXCLUSIVE (VALIDATE CONSTRAINT, CREATE INDEX CONCURRENTLY).",
    bad="ALTER TABLE orders ADD CONSTRAINT paid CHECK (total_cents >= 0);",
    good="ALTER TABLE orders ADD CONSTRAINT paid CHECK (total_cents >= 0) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT paid;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One finding a statement and table."""
    for statement in facts.statements:
        works, remedy = growing_work(statement), ""
        # Small tables count together, as partitions are.
        few = weight(facts, [work for work in works if not is_big(work)])
        held = {holding.relation: holding for holding in holdings(facts, statement)}
        for work in works:
            holding = held.get(work.relation)
            if holding is None or (statement.direction is Direction.DOWN and not is_used(facts, work.relation)):
                continue
            remedy = remedy or safer(statement, facts)
            yield finding(
                HAZARD,
                on_the_way(Level.ERROR if is_big(work) else few, statement.direction),
                title=f"{statement.id} goes through {short(work.relation)} while nobody can write to it",
                statement=statement,
                relation=work.relation,
                marker=f"{statement.work} under {holding.lock.mode}",
                evidence=(
                    f"{statement.id} {work_text(work)}",
                    f"{holding.taken_by.id} holds {holding.lock.mode} on {holding.lock.relation} meanwhile",
                ),
                impact="the time grows with the table",
                remedy=remedy,
            )
