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
    title="The database grows",
    condition="The database became at least 1.4 times its size, and 2 MB larger, while going up.",
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
    before, growth = facts.database_bytes_before, facts.disk_growth_bytes
    if not before or growth is None or growth < GROWTH_BYTES or growth < GROWTH_RATIO * before:
        return
    yield finding(
        HAZARD,
        Level.NOTE,
        title=f"the database grows by {format_bytes(growth)}",
        evidence=(f"{format_bytes(before)} before, {format_bytes(before + growth)} at most while going up",),
        impact="it grows with the table",
        remedy="-- change data in batches and VACUUM between them; check the free space first",
    )
