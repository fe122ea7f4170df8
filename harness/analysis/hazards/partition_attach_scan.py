"""partition_attach_scan: ATTACH PARTITION has to read the table it attaches, or the default partition."""

import re
from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding, on_the_way, some_of
from harness.analysis.held import growing_work, weight
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.names import short
from harness.analysis.remedy.safer import safer
from harness.analysis.work import work_text
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H107",
    name="partition_attach_scan",
    title="Attaching a partition scans it",
    condition="ATTACH PARTITION read half or more of the attached table or of the DEFAULT partition.",
    effect="The attached table is locked ACCESS EXCLUSIVE while every row is checked against the bounds.",
    workaround="Prove the bounds first with a CHECK constraint, added NOT VALID and validated.",
    bad="ALTER TABLE readings ATTACH PARTITION readings_07 FOR VALUES FROM ('2026-07-01') TO ('2026-08-01');",
    good="ALTER TABLE readings_07 ADD CONSTRAINT bounds CHECK (at >= '2026-07-01' AND at < '2026-08-01' AND at IS NOT "
    "NULL) NOT VALID;\nALTER TABLE readings_07 VALIDATE CONSTRAINT bounds;\n"
    "ALTER TABLE readings ATTACH PARTITION readings_07 FOR VALUES FROM ('2026-07-01') TO ('2026-08-01');",
)
# ALTER INDEX … ATTACH PARTITION reads no rows.
_ATTACHES = re.compile(r"\bALTER\s+TABLE\b[^;]*\bATTACH\s+PARTITION\b", re.IGNORECASE)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One finding a statement."""
    for statement in facts.statements:
        works = growing_work(statement)
        if not works or not _ATTACHES.search(statement.sql):
            continue
        yield finding(
            HAZARD,
            on_the_way(weight(facts, works), statement.direction),
            title=f"{statement.id} scans {short(works[0].relation)} to attach a partition",
            statement=statement,
            relation=works[0].relation,
            marker=f"scans {short(works[0].relation)}",
            evidence=some_of([f"{statement.id} {work_text(work)}" for work in works]),
            impact="the time grows with the partition",
            remedy=safer(statement, facts),
        )
