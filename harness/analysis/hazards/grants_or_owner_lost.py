"""grants_or_owner_lost: the application lost a privilege."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failures import broken_operations
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.operation_findings import operation_finding
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H203",
    name="grants_or_owner_lost",
    title="Privileges are lost",
    condition="An operation that worked in the baseline fails with SQLSTATE 42501 (privilege, row security) since the "
    "migration.",
    effect="DROP and CREATE of a view, function or table forgets its grants and its owner; the application is refused.",
    workaround="CREATE OR REPLACE, or grant again in the same transaction.",
    bad="DROP VIEW open_orders; CREATE VIEW open_orders AS SELECT …;",
    good="CREATE OR REPLACE VIEW open_orders AS SELECT …;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an operation."""
    for broken in broken_operations(facts, new=False, chosen=_is_privilege):
        remedy = "-- grant again, in the same transaction, what the object had before (see pg_class.relacl)"
        yield operation_finding(HAZARD, Level.ERROR, broken, facts=facts, verb="is refused", remedy=remedy)


def _is_privilege(sqlstate: str) -> bool:
    return sqlstate == "42501"
