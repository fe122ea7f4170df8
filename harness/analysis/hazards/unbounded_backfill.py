"""unbounded_backfill: one transaction changes half of a table's rows or more."""

from collections.abc import Iterator

from harness.analysis.backfills import Backfill, backfills
from harness.analysis.facts import Facts
from harness.analysis.findings import finding, on_the_way
from harness.analysis.held import is_used
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.remedy.backfill import batches
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H109",
    name="unbounded_backfill",
    title="One transaction changes most of a table",
    condition="One transaction updated or deleted at least half of the rows of a table.",
    effect="Concurrent writers of those rows wait until it commits, although no table lock shows it; the rows' old "
    "versions pile up, WAL comes in one burst, and a failure at the end undoes all of it.",
    workaround="Change a few thousand rows a transaction, by key, with a pause where replicas lag.",
    bad="UPDATE users SET full_name = first_name || ' ' || last_name;",
    good="UPDATE users SET full_name = first_name || ' ' || last_name WHERE id BETWEEN 1 AND 5000;  -- commit, next",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error for a table that traffic uses, a warning for others, a note for one that is small for certain."""
    for backfill in backfills(facts):
        statement, used = backfill.statement, is_used(facts, backfill.relation)
        if statement.direction is Direction.DOWN and not used:
            continue
        yield finding(
            HAZARD,
            on_the_way(_level(facts, backfill, used=used), statement.direction),
            title=f"{statement.id} changes {backfill.changed:,} of {backfill.before:,} rows of "
            f"{short(backfill.relation)} in one transaction",
            statement=statement,
            relation=backfill.relation,
            marker=f"{backfill.changed:,} rows in one transaction",
            evidence=(f"{backfill.changed:,} of {backfill.before:,} rows of {backfill.relation} updated or deleted",),
            impact="writers of these rows wait until the transaction ends; the time grows with the table",
            remedy=batches(statement, facts),
        )


def _level(facts: Facts, backfill: Backfill, *, used: bool) -> Level:
    if backfill.relation in facts.small_tables:
        return Level.NOTE
    return Level.ERROR if used and backfill.big else Level.WARNING
