"""What the rules of the way back share: how much it weighs, and which statement is at fault."""

import re

from harness.analysis.facts import Facts, RollbackFacts, StatementFacts
from harness.analysis.judgement import Level
from harness.model.catalog import Change, Difference
from harness.model.words import Direction
from harness.spec.scenario import Restore, Scenario

_WORD = re.compile(r"\w+")


def rollback_level(scenario: Scenario, *, data: bool = False) -> Level:
    """An error; a note where the scenario declares the migration irreversible, or asks for the schema alone."""
    if scenario.rollback.restore is Restore.NONE:
        return Level.NOTE
    return Level.NOTE if data and scenario.rollback.restore is Restore.SCHEMA else Level.ERROR


def down_statement(facts: Facts) -> StatementFacts | None:
    """The statement of the way back that failed, None where it is not known."""
    down = [s for s in facts.statements if s.direction is Direction.DOWN]
    named = [s for s in down if s.id == facts.rollback.failed_statement]
    return next(iter(named or [s for s in down if s.sqlstate or s.trace_sqlstate]), None)


def down_naming(facts: Facts, identity: str) -> StatementFacts | None:
    """The statement of the way back that names an object (public.orders.note), else its table; None for none."""
    down = [s for s in facts.statements if s.direction is Direction.DOWN]
    parts = [part.replace('"', "").lower() for part in identity.split("(")[0].split(".")]
    for part in reversed(parts[1:]):
        named = [s for s in down if part in _WORD.findall(s.sql.lower())]
        if named:
            return named[0]
    return None


def drift(rollback: RollbackFacts) -> tuple[Difference, ...]:
    """Differences of the schema in either pass, each once, without columns that only stand elsewhere."""
    every = dict.fromkeys((*rollback.differences, *rollback.load_differences))
    return tuple(d for d in every if d.change is not Change.MOVED)


def moved(rollback: RollbackFacts) -> tuple[Difference, ...]:
    """Columns that only stand elsewhere."""
    every = dict.fromkeys((*rollback.differences, *rollback.load_differences))
    return tuple(d for d in every if d.change is Change.MOVED)


def difference_text(difference: Difference) -> str:
    """For people: "column public.orders.note is missing"."""
    words = {Change.MISSING: "is missing", Change.EXTRA: "was not there before", Change.MOVED: "stands elsewhere"}
    if difference.change is Change.CHANGED:
        return f"{difference.kind} {difference.identity}: {difference.before} → {difference.after}"
    return f"{difference.kind} {difference.identity} {words[difference.change]}"


def losses(rollback: RollbackFacts) -> tuple[str, ...]:
    """What was there before and is not after the way back, in words."""
    gone = [
        f"{d.kind} {d.identity} is missing"
        for d in drift(rollback)
        if d.change is Change.MISSING and d.kind in ("table", "column")
    ]
    rows = [_rows_text(*changed) for changed in rollback.changed_tables]
    sequences = [f"sequence {name} went backwards" for name in rollback.sequences_backwards]
    writes = [
        f"{count:,} acknowledged writes to {relation} are gone" for relation, count in rollback.ledger_missing.items()
    ]
    facts = [
        f"{name}: {count:,} after the way back, 0 is right ({seen_in} pass)"
        for name, count, seen_in in rollback.facts_lost
    ]
    return (*gone, *rows, *sequences, *writes, *facts)


def _rows_text(relation: str, before: int, after: int | None) -> str:
    if after is None:
        return f"{relation} with {before:,} rows is gone"
    if after == before:
        return f"rows of {relation} differ ({before:,} rows)"
    return f"{relation} had {before:,} rows and has {after:,}"
