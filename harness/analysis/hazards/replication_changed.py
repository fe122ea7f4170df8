"""replication_changed: other rows reach the subscribers, or rows are published that nothing identifies."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.schema_changes import replication_changes
from harness.analysis.state_findings import change_notes, statement_naming
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H223",
    name="replication_changed",
    title="What is replicated is not what it was",
    condition="After going up a table has another replica identity, a publication has other members or options, or a "
    "table whose updates or deletes are published has nothing that identifies its rows.",
    effect="A table made anew is not published: its subscribers stand still without an error. Without an identity "
    "every UPDATE and DELETE on it fails (55000).",
    workaround="ALTER PUBLICATION … ADD TABLE and REFRESH PUBLICATION on the subscribers; a primary key, or REPLICA "
    "IDENTITY USING INDEX.",
    bad="ALTER TABLE orders RENAME TO orders_old;\nALTER TABLE orders_new RENAME TO orders;",
    good="ALTER PUBLICATION shop ADD TABLE orders_new;\n-- refresh the subscriptions, let them catch up, then rename",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a table or publication."""
    yield from change_notes(
        HAZARD,
        facts,
        replication_changes(facts.left.schema_changes),
        marker="changes what is replicated",
        impact="subscribers get other rows, or none",
    )
    for direction, names in (
        (Direction.UP, facts.left.unidentified_up),
        (Direction.DOWN, facts.left.unidentified_down),
    ):
        for described in names:
            publication, _, table = described.partition(": ")
            yield finding(
                HAZARD,
                Level.NOTE,
                title=f"nothing identifies the rows of {short(table)}, whose changes {publication} publishes",
                statement=statement_naming(facts, table, direction),
                relation=table,
                direction=direction,
                marker="published without a replica identity",
                evidence=(f"after going {direction.value}, {table} has no usable replica identity ({publication})",),
                impact="every UPDATE and DELETE on it fails with 55000",
                remedy=f"ALTER TABLE {table} REPLICA IDENTITY FULL;  -- better: a primary key",
            )
