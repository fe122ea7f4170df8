"""Invariants that the migration broke."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from harness.analysis.facts import Facts, InvariantFacts, StatementFacts
from harness.analysis.failures import up_failures
from harness.model.words import Direction, Pass

BEFORE = frozenset({"before", "baseline", "begin", "start"})
"""Moments before the migration: what does not hold there is not the migration's doing."""


QUIET = "after_up"
"""Right after going up, with no application writing since it began: what is wrong then is the migration's own doing."""

_AFTER_ROLLBACK = "after rollback"

_MOMENTS: Final = {
    "before": "before going up",
    QUIET: "right after going up",
    "old": "after the old version wrote",
    "end": "at the end",
}

_MOVES = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CALL", "CREATE TABLE AS", "SELECT INTO", "CREATE TRIGGER",
     "DROP TRIGGER", "ALTER TRIGGER", "CREATE RULE", "DROP RULE"}
)  # fmt: skip
_TRIGGERS = re.compile(r"\b(?:trigger|rule)s?\b", re.IGNORECASE)


def missed(facts: Facts) -> Iterator[InvariantFacts]:
    """Each invariant that held in the quiet moment and not once the application wrote too, at its worst moment.

    Only where the migration moves rows or makes others do so (a backfill, a copy, a trigger): nothing else misses any.
    """
    if not _failed(facts) and any(_moves_rows(s) for s in facts.statements if s.direction is Direction.UP):
        quiet = {one.name: one.violations for one in facts.invariants if one.moment == QUIET}
        yield from (one for one in violated(facts) if quiet.get(one.name) == 0 and not _is_lost(one))


def writes_missed(facts: Facts) -> Mapping[str, int]:
    """Acknowledged writes of the application that are gone after going up, by relation.

    Where there was no way back, which may have removed them too; not where going up deletes rows of that relation
    whether anybody writes or not.
    """
    if _failed(facts) or facts.rollback_ran:
        return {}
    destroyed = " ".join(facts.state.destroyed_by_up).split()
    return {name: count for name, count in facts.rollback.ledger_missing.items() if name not in destroyed}


def wrong(facts: Facts) -> Iterator[InvariantFacts]:
    """Each other invariant that does not hold since the migration, which did not fail."""
    others = {one.name for one in missed(facts)}
    if not _failed(facts):
        yield from (one for one in violated(facts) if one.name not in others and not one.of_rollback)


def checked(facts: Facts, name: str) -> tuple[str, ...]:
    """Every answer to an invariant since the migration, for people."""
    return tuple(
        f"{when(one)}: {one.violations:,}"
        for one in facts.invariants
        if one.name == name and one.moment not in BEFORE and one.violations is not None
    )


def when(one: InvariantFacts) -> str:
    """In which pass and when an invariant was asked, for people."""
    moment = _MOMENTS.get(one.moment, one.moment).replace("after:", "after the phase ", 1)
    return f"{one.seen_in.value} pass, {moment}"


def _moves_rows(statement: StatementFacts) -> bool:
    changed = any(work.rows_changed for work in statement.relations)
    return statement.tag in _MOVES or changed or _TRIGGERS.search(statement.sql) is not None


def _failed(facts: Facts) -> bool:
    """What a half-applied migration leaves is not its result."""
    return bool(up_failures(facts) or facts.up_failed_tool)


def _is_lost(one: InvariantFacts) -> bool:
    return one.of_rollback or one.moment == _AFTER_ROLLBACK


def violated(facts: Facts) -> Iterator[InvariantFacts]:
    """Each invariant that is not as it should be since the migration, at the moment with the most violations.

    One that held before, or was not asked then; or one that going up made hold, as a backfill does. What the way back
    does to the latter is its task.
    """
    for checks in _by_name(facts):
        dirty = any(one.violations for one in checks if one.moment in BEFORE)
        if dirty and not any(one.moment == QUIET and one.violations == 0 for one in checks):
            continue
        due = [one for one in checks if one.moment not in BEFORE and not (dirty and one.moment == _AFTER_ROLLBACK)]
        worst = max((one for one in due if one.violations), key=lambda one: one.violations or 0, default=None)
        if worst is not None:
            yield worst


def unmet(facts: Facts) -> Iterator[tuple[int, InvariantFacts]]:
    """Each invariant that did not hold before and holds no better right after going up; with the violations before."""
    for checks in _by_name(facts):
        quiet = [one for one in checks if one.seen_in is Pass.TRACE and not one.of_rollback]
        before = max((one.violations or 0 for one in quiet if one.moment in BEFORE), default=0)
        after = next((one for one in quiet if one.moment == QUIET), None)
        if not _failed(facts) and before and after is not None and (after.violations or 0) >= before:
            yield before, after


def _by_name(facts: Facts) -> Iterator[list[InvariantFacts]]:
    for name in dict.fromkeys(invariant.name for invariant in facts.invariants):
        yield [one for one in facts.invariants if one.name == name]


def unanswered(facts: Facts) -> tuple[InvariantFacts, ...]:
    """Invariants whose query never answered; before the migration and after the way back it may lack its schema."""
    answered = {one.name for one in facts.invariants if one.violations is not None}
    return tuple(one for one in facts.invariants if one.name not in answered)
