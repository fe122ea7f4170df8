"""breaks_old_app: an operation of the running application that worked before fails after the migration."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failures import broken_operations
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.operation_findings import operation_finding
from harness.analysis.remedy.repair import expand_first
from harness.model.sqlstate import CACHED_PLAN, breaks_application
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H201",
    name="breaks_old_app",
    title="The running application breaks",
    condition="An operation of the old version (or of no version) that worked in the baseline fails since then "
    "with an error that says that the schema no longer fits: a missing table, column or privilege, a constraint.",
    effect="Every instance that is not deployed yet gives errors from the commit of the migration on.",
    workaround="Expand and contract: add the new shape beside the old one, deploy, and remove the old shape later.",
    bad="ALTER TABLE users RENAME COLUMN login TO username;",
    good="ALTER TABLE users ADD COLUMN username text;  -- a trigger keeps both; drop login when nobody uses it",
)

REMEDY = (
    "-- keep the old shape until no instance of the old version runs:\n"
    "-- add the new column or table beside it, synchronise by trigger, backfill, deploy, then drop the old one"
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an operation and SQLSTATE."""
    for broken in broken_operations(facts, new=False, chosen=_breaks, always=True):
        remedy = expand_first(broken.by, facts) or REMEDY
        yield operation_finding(HAZARD, Level.ERROR, broken, facts=facts, remedy=remedy)


def _breaks(sqlstate: str) -> bool:
    """A cached plan is a note of its own."""
    return breaks_application(sqlstate) and sqlstate != CACHED_PLAN
