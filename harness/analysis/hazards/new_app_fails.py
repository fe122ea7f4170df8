"""new_app_fails: the version that the migration is for fails on the new schema."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failures import OVERFLOW_STATES, broken_operations
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.operation_findings import operation_finding
from harness.model.sqlstate import ErrorClass, classify
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H202",
    name="new_app_fails",
    title="The new application fails on the new schema",
    condition="An operation of the new version fails after the migration, while that version is meant to run.",
    effect="The deploy that follows the migration gives errors.",
    workaround="Make the migration create what the new version uses; IF NOT EXISTS hides a table of another shape.",
    bad="ALTER TABLE orders ADD COLUMN IF NOT EXISTS delivery tstzrange;  -- exists already, as text",
    good="ALTER TABLE orders ADD COLUMN delivery tstzrange;",
)

_OF_LOAD = (ErrorClass.LOCK, ErrorClass.TIMEOUT, ErrorClass.SERIALIZATION, ErrorClass.CAPACITY, ErrorClass.CONNECTION)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an operation and SQLSTATE; errors of load and time are not the schema's."""
    for broken in broken_operations(facts, new=True, chosen=_of_schema):
        remedy = "-- let the migration make what this operation needs, as it needs it"
        yield operation_finding(HAZARD, Level.ERROR, broken, facts=facts, remedy=remedy)


def _of_schema(sqlstate: str) -> bool:
    return (
        len(sqlstate) == 5
        and (sqlstate in OVERFLOW_STATES or classify(sqlstate) not in _OF_LOAD)
        and sqlstate != "ABAND"
    )
