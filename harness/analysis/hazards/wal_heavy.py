"""wal_heavy: as much WAL as the table is big."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.model.units import format_bytes
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H501",
    name="wal_heavy",
    title="Much WAL",
    condition="Going up wrote at least 0.8 of the size of the table worked on as WAL, and over 3 MB.",
    effect="Replicas and archives have to take it in; a replica that lags serves old rows.",
    workaround="Batches with a pause; watch pg_stat_replication.",
    bad="UPDATE events SET kind = lower(kind);",
    good="UPDATE events SET kind = lower(kind) WHERE id BETWEEN 1 AND 5000;  -- pause while replicas lag",
)

HEAVY_RATIO = 0.8
"""WAL over the table's size, as the labelled cases measure the word."""
HEAVY_BYTES = 3 * 1024 * 1024
"""Less is one or two WAL segments' worth at any setting."""


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a statement."""
    for statement in facts.statements:
        if statement.direction is not Direction.UP or (statement.wal_bytes or 0) <= HEAVY_BYTES:
            continue
        biggest = max(statement.relations, key=lambda work: work.bytes_before, default=None)
        written = statement.wal_bytes or 0
        if biggest is None or written < HEAVY_RATIO * biggest.bytes_before:
            continue
        yield finding(
            HAZARD,
            Level.NOTE,
            title=f"{statement.id} writes {format_bytes(written)} of WAL",
            statement=statement,
            relation=biggest.relation,
            marker=f"{format_bytes(written)} of WAL",
            evidence=(
                f"{format_bytes(written)} of WAL for {short(biggest.relation)} of {format_bytes(biggest.bytes_before)}",
            ),
            impact="replicas lag by as much; it grows with the table",
            remedy="-- change data in batches, and pause while replicas lag (pg_stat_replication)",
        )
