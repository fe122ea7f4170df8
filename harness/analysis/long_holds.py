"""Strong locks in force while a statement does work that grows with the table, or longer than the budget."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.analysis.backfills import Backfill, backfills
from harness.analysis.facts import Facts, StatementFacts, WorkFacts
from harness.analysis.findings import finding, on_the_way, some_of
from harness.analysis.held import Holding, growing_work, holdings, is_used, weight
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.remedy.safer import safer
from harness.analysis.work import work_text
from harness.model.units import format_duration, parse_duration, plural
from harness.model.words import Direction
from harness.spec.scenario import Scenario

_WEIGHTS: Final = {Level.NOTE: 0, Level.WARNING: 1, Level.ERROR: 2}
_SMALL: Final = {
    Level.WARNING: "the table is small here: judged by its class of work",
    Level.NOTE: "the table is small, beside larger ones of the snapshot or by production's statistics",
}


def long_holds(
    hazard: Hazard, facts: Facts, scenario: Scenario, *, chosen: Callable[[Holding], bool], effect: str
) -> Iterator[Finding]:
    """A finding for each table that a chosen lock keeps from others, at the first statement that weighs most."""
    found: dict[tuple[Direction, str], tuple[Level, Finding]] = {}
    limit = parse_duration(scenario.budgets.held)
    together = {backfill.statement.id: backfill for backfill in backfills(facts)}
    for statement in facts.statements:
        growing = growing_work(statement)
        works = growing or _worked_together(statement, together.get(statement.id))
        worker = statement.id if growing else f"the transaction up to {statement.id}"
        worked = some_of([f"{worker} {work_text(work)}" for work in works])
        weighs, remedy = weight(facts, works) if works else Level.ERROR, ""
        for holding in holdings(facts, statement):
            long = (holding.lock.held_ns or 0) > limit
            if not chosen(holding) or not (works or long) or not _counts(facts, statement, holding):
                continue
            key = statement.direction, holding.relation
            # However few rows there are: the lock was held, and waited for, that long.
            level = Level.WARNING if long and weighs is Level.NOTE else weighs
            if key in found and _WEIGHTS[level] <= _WEIGHTS[found[key][0]]:
                continue
            remedy = remedy or safer(statement, facts)
            one = _finding(hazard, level, statement, holding, works=works, worked=worked, effect=effect, remedy=remedy)
            found[key] = level, one
    yield from (one for _, one in found.values())


def _worked_together(statement: StatementFacts, backfill: Backfill | None) -> tuple[WorkFacts, ...]:
    """The work of a transaction whose statements, each a small part, change half of a table by `statement`."""
    if backfill is None:
        return ()
    mine = (work for work in statement.relations if work.relation == backfill.relation)
    return tuple(replace(work, rows_changed=backfill.changed, rows_inserted=0) for work in mine)


def _counts(facts: Facts, statement: StatementFacts, holding: Holding) -> bool:
    return statement.direction is Direction.UP or is_used(facts, holding.relation)


def _finding(
    hazard: Hazard,
    level: Level,
    statement: StatementFacts,
    holding: Holding,
    *,
    works: tuple[WorkFacts, ...],
    worked: Sequence[str],
    effect: str,
    remedy: str,
) -> Finding:
    lock, taker = holding.lock, holding.taken_by
    held = f"held {format_duration(lock.held_ns)}" if lock.held_ns is not None else ""
    why = f"while {statement.id} {_doing(statement, works)}" if works else f"for {format_duration(lock.held_ns or 0)}"
    return finding(
        hazard,
        on_the_way(level, statement.direction),
        title=f"{short(holding.relation)} {effect} {why}",
        statement=statement,
        relation=holding.relation,
        marker=", ".join(part for part in (f"{lock.mode} on {short(lock.relation)}", held) if part),
        evidence=(
            f"{taker.id} took {lock.mode} on {lock.relation}; it lasts to the end of the transaction",
            *worked,
            f"{held} ± {format_duration(lock.error_ns)} under load" if held else "",
            _SMALL.get(level, ""),
        ),
        impact=_impact(statement),
        remedy=remedy,
    )


def _doing(statement: StatementFacts, works: tuple[WorkFacts, ...]) -> str:
    doing = {"rewrite": "rewrites", "index": "builds an index over", "data": "changes", "scan": "scans"}
    return f"{doing.get(statement.work, 'works through')} {short(works[0].relation)}"


def _impact(statement: StatementFacts) -> str:
    if not statement.blocked_actors:
        return "the time grows with the table"
    longest = format_duration(statement.blocked_max_ns)
    return (
        f"{plural(statement.blocked_actors, 'actor')} waited here, the longest {longest}; the time grows with the table"
    )
