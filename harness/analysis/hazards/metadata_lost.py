"""metadata_lost: comments, statistics targets, default privileges, settings."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.judgement import Finding, Hazard
from harness.analysis.schema_changes import lost_metadata
from harness.analysis.state_findings import change_notes
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H224",
    name="metadata_lost",
    title="Comments, statistics targets, default privileges or settings are not what they were",
    condition="After going up something that is still there lacks a comment, a statistics target, options, default "
    "privileges or a setting it had, or a database's or role's search_path is another one.",
    effect="A column that took another's place is planned with the default statistics target; a search_path of its "
    "own sends unqualified names elsewhere, from the next connection on.",
    workaround="Carry them over: ALTER COLUMN … SET STATISTICS, COMMENT ON, ALTER FUNCTION … SET.",
    bad="ALTER TABLE orders DROP COLUMN note;\nALTER TABLE orders RENAME COLUMN note_new TO note;",
    good="ALTER TABLE orders ALTER COLUMN note_new SET STATISTICS 500;\nCOMMENT ON COLUMN orders.note_new IS '…';\n"
    "-- then the exchange",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a table, and one for all that belongs to none."""
    yield from change_notes(
        HAZARD,
        facts,
        lost_metadata(facts.left.schema_changes),
        marker="loses what was said about it",
        impact="plans, documentation or name resolution are others from now on",
    )
