"""dead_tuples_left: so many dead rows that autovacuum must come, or never will."""

from collections.abc import Iterator

from harness.analysis.facts import DeadRowsFacts, Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.work import BIG_ROWS
from harness.model.units import format_bytes
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H521",
    name="dead_tuples_left",
    title="Dead rows stay",
    condition="A statement updated or deleted so many rows of a table that the dead ones left are more than "
    "autovacuum's threshold (autovacuum_vacuum_threshold + autovacuum_vacuum_scale_factor × reltuples), and nothing "
    "vacuumed it afterwards.",
    effect="The table and its indexes keep the room (bloat), every scan reads it, and autovacuum comes as soon as it "
    "looks, on all such tables at once, after the deployment.",
    workaround="Batches below the threshold with VACUUM between them.",
    bad="UPDATE events SET kind = lower(kind);",
    good="UPDATE events SET kind = lower(kind) WHERE id BETWEEN 1 AND 5000;\nVACUUM events;  -- and the next batch",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a table and direction."""
    for dead in facts.left.dead_rows:
        if dead.vacuum_above is None or dead.dead_rows <= dead.vacuum_above:
            continue
        if dead.rows_before is not None and dead.rows_before < BIG_ROWS:
            continue
        by = [s for s in facts.statements if s.direction is dead.direction and s.id in dead.statements]
        yield finding(
            HAZARD,
            Level.NOTE,
            title=f"{dead.dead_rows:,} dead rows stay in {short(dead.relation)}",
            statement=by[0] if by else None,
            relation=dead.relation,
            direction=dead.direction,
            marker=f"leaves {dead.dead_rows:,} dead rows",
            evidence=tuple(_evidence(dead, facts)),
            impact="scans read them until autovacuum has been there; the room stays taken",
            remedy=f"VACUUM (ANALYZE) {dead.relation};  -- after each batch, not inside a transaction",
        )


def _evidence(dead: DeadRowsFacts, facts: Facts) -> Iterator[str]:
    of = f" of {dead.rows_before:,} rows" if dead.rows_before is not None else ""
    yield f"{', '.join(dict.fromkeys(dead.statements))} updated or deleted {dead.dead_rows:,}{of}"
    when = "comes by itself" if dead.autovacuum else "is off for this table"
    yield f"autovacuum's threshold is {dead.vacuum_above or 0:,.0f} dead rows; it {when}"
    if dead.heap_bytes_before is not None and dead.heap_bytes_after is not None:
        yield f"heap {format_bytes(dead.heap_bytes_before)} → {format_bytes(dead.heap_bytes_after)}"
    runs = (facts.left.autovacuums or {}).get(dead.relation)
    if runs and dead.direction is Direction.UP:
        yield f"autovacuum came {runs} times during the load pass"
