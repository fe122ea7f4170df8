"""replica_identity_logical: UPDATE and DELETE are refused because a published table has no replica identity."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failures import broken_operations
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.operation_findings import operation_finding
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H205",
    name="replica_identity_logical",
    title="A published table without replica identity",
    condition="An operation fails with SQLSTATE 55000 since the migration: its table is published for updates and "
    "deletes and has lost its replica identity.",
    effect="Every UPDATE and DELETE of the table is an error.",
    workaround="Give the table another replica identity before its key is dropped.",
    bad="ALTER TABLE orders DROP CONSTRAINT orders_pkey;",
    good="ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_uuid_key;\n"
    "ALTER TABLE orders DROP CONSTRAINT orders_pkey;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an operation."""
    for broken in broken_operations(facts, new=False, chosen=_is_prerequisite):
        if "replica identity" in (broken.message or "replica identity"):
            remedy = "ALTER TABLE … REPLICA IDENTITY FULL;  -- or USING INDEX a unique, not null index"
            remedy = remedy.replace("…", broken.operation.writes[0]) if broken.operation.writes else f"-- {remedy}"
            yield operation_finding(HAZARD, Level.ERROR, broken, facts=facts, remedy=remedy)


def _is_prerequisite(sqlstate: str) -> bool:
    return sqlstate == "55000"
