"""table_rewrite: an existing table got a new file."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding, on_the_way
from harness.analysis.held import is_used
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import TABLE_KINDS, short
from harness.analysis.remedy.safer import safer
from harness.analysis.work import grows, is_big, work_text
from harness.model.units import format_bytes
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H105",
    name="table_rewrite",
    title="The whole table is written anew",
    condition="The relfilenode of an existing table or materialized view changed (TRUNCATE excepted).",
    effect="Every row and every index is written again under ACCESS EXCLUSIVE; it needs the table's size in disk and "
    "WAL once more, and replicas lag behind.",
    workaround="Add a new column (or table), fill it in batches, switch, and drop the old one.",
    bad="ALTER TABLE orders ALTER COLUMN total_cents TYPE bigint;",
    good="ALTER TABLE orders ADD COLUMN total_cents_wide bigint;  -- then a trigger, a backfill in batches, a switch",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a table; a warning for one with few rows here, nothing for an empty one."""
    for statement in facts.statements:
        remedy = ""
        for work in statement.relations:
            if not work.rewritten or work.truncated or work.kind not in TABLE_KINDS or not grows(work):
                continue
            if statement.direction is Direction.DOWN and not is_used(facts, work.relation):
                continue
            remedy = remedy or safer(statement, facts)
            yield finding(
                HAZARD,
                on_the_way(Level.ERROR if is_big(work) else Level.WARNING, statement.direction),
                title=f"{statement.id} rewrites {short(work.relation)}",
                statement=statement,
                relation=work.relation,
                marker=f"rewrites {short(work.relation)}",
                evidence=(
                    f"{statement.id} {work_text(work)}",
                    f"{format_bytes(work.bytes_before)} of table before",
                    f"{format_bytes(statement.wal_bytes)} of WAL" if statement.wal_bytes is not None else "",
                ),
                impact="the time, the disk space and the WAL grow with the table",
                remedy=remedy,
            )
