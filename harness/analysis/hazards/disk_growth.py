"""disk_growth: the database grew by much of its size."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.units import format_bytes
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H502",
    name="disk_growth",
    title="The tables grow",
    condition="The tables, their indexes and TOAST tables together are at least 1.4 times their size before, and 2 MB "
    "larger, after going up.",
    effect="A disk that is more than two thirds full may not bear it; dead rows stay as bloat until they are reused.",
    workaround="Batches with VACUUM between them; check the free space first.",
    bad="UPDATE events SET kind = lower(kind);",
    good="UPDATE events SET kind = lower(kind) WHERE id BETWEEN 1 AND 5000;  -- VACUUM events between batches",
)

GROWTH_RATIO = 0.4
"""Of the size before, as the labelled cases measure the word (1.4 times)."""
GROWTH_BYTES = 2 * 1024 * 1024
"""Less is new pages of catalogs and indexes."""


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One note."""
    before, after = facts.state.relation_bytes_before, facts.state.relation_bytes_after_up
    if before is None or after is None:
        return
    growth = after - before
    if growth < GROWTH_BYTES or growth < GROWTH_RATIO * before:
        return
    yield finding(
        HAZARD,
        Level.NOTE,
        title=f"the tables grow by {format_bytes(growth)}",
        evidence=(f"{format_bytes(before)} before, {format_bytes(after)} after going up, nothing else running",),
        impact="it grows with the table",
        remedy="-- change data in batches and VACUUM between them; check the free space first",
    )
