"""Rows of bars on the timeline: phases, statements with their waits, locks by relation and mode."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from harness.analysis.facts import AntagonistFacts, Facts, PhaseFacts, StatementFacts, WaitFacts
from harness.model.spans import Span, merge_spans
from harness.model.units import NS_PER_S
from harness.model.words import Pass
from harness.report.words import duration, mode, one_line, relation, strength

MOST_ROWS = 14
"""More rows than this push the other lanes off the screen; the tables below have all of them."""

WEAKEST_SHOWN = strength("ShareUpdateExclusiveLock")
"""Weaker modes are those of ordinary reads and writes: nobody waits for them until something stronger comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar; `kind` is run, failed, transaction, wait, held, waiting, other or phase; `tip` is said on hover."""

    kind: str
    from_s: float
    to_s: float
    label: str
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """A row of bars under one label."""

    label: str
    bars: tuple[Bar, ...]


def phase_bars(facts: Facts, window: Span) -> tuple[Bar, ...]:
    """The phases of the load pass in order, with the name of those that have one."""
    return tuple(
        _bar("phase", phase.span, window, label=_phase_name(phase), tip=duration(phase.span.duration_ns))
        for phase in facts.phases
        if phase.pass_ is Pass.LOAD and phase.span.overlap(window)
    )


def _phase_name(phase: PhaseFacts) -> str:
    return f"{phase.phase.value} · {phase.name}" if phase.name else phase.phase.value


def statement_rows(facts: Facts, window: Span) -> tuple[tuple[BarRow, ...], int]:
    """Antagonists and one row a statement: solid runs, hatched waits; the second value counts rows left out."""
    rows: list[BarRow] = []
    by_kind = defaultdict(list)
    for act in facts.antagonists:
        by_kind[f"{act.kind} {relation(act.table)}".strip()].append(act)
    for label, acts in by_kind.items():
        bars = [
            _bar("other", act.span, window, label="", tip=_act_tip(label, act))
            for act in acts
            if act.span.overlap(window)
        ]
        rows.append(BarRow(label=label, bars=tuple(bars)))
    shown = [s for s in facts.statements if s.span and s.span.overlap(window)]
    keep = {s.id for s in sorted(shown, key=_weight, reverse=True)[:MOST_ROWS]}
    rows += [
        BarRow(label=f"{s.id} {one_line(s.sql, limit=56)}", bars=_statement_bars(s, window))
        for s in shown
        if s.id in keep
    ]
    return tuple(rows), len(shown) - len(keep)


def _act_tip(label: str, act: AntagonistFacts) -> str:
    said = [
        act.detail,
        f"before {act.aimed_at}" if act.aimed_at else "",
        f"failed ({act.sqlstate})" if act.sqlstate else "",
    ]
    return ", ".join([f"{label} (pid {act.pid}) {duration(act.span.duration_ns)}", *filter(None, said)])


def _weight(statement: StatementFacts) -> int:
    return max(statement.blocked_max_ns, statement.held_ns or 0, statement.duration_ns or 0)


def _statement_bars(statement: StatementFacts, window: Span) -> tuple[Bar, ...]:
    span = statement.span
    assert span is not None  # noqa: S101 - the caller has filtered
    waits = [wait.span for wait in statement.waits]
    kind = "failed" if statement.sqlstate else "run"
    outcome = f"failed with {statement.sqlstate}" if statement.sqlstate else "ran"
    tip = f"{statement.id} {outcome}, {duration(statement.duration_ns)} in all"
    bars = [_bar(kind, part, window, label=statement.id, tip=tip) for part in _without(span, waits)]
    bars += [_bar("wait", wait.span, window, label="", tip=_wait_tip(statement.id, wait)) for wait in statement.waits]
    whole = statement.transaction_span
    if whole and whole.end_ns > span.end_ns:
        rest = Span(span.end_ns, whole.end_ns)
        tip = f"{statement.id} done; its locks are held to the end of the transaction, {duration(rest.duration_ns)}"
        bars.append(_bar("transaction", rest, window, label="", tip=tip))
    return tuple(bars)


def _wait_tip(id_: str, wait: WaitFacts) -> str:
    behind = ", ".join(wait.blockers) or "an unknown session"
    where = relation(wait.relation or wait.target)
    return f"{id_} waited {duration(wait.waited_ns)} for {mode(wait.mode)} on {where} behind {behind}"


def lock_rows(facts: Facts, window: Span) -> tuple[tuple[BarRow, ...], int]:
    """One row a relation, mode and side: held by the migration, waited for by it, waited for by actors."""
    held: dict[tuple[str, str], list[Bar]] = defaultdict(list)
    queued: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for statement in facts.statements:
        for lock in statement.locks:
            if lock.span and lock.existed and strength(lock.mode) >= WEAKEST_SHOWN and lock.span.overlap(window):
                tip = f"{statement.id} held it {duration(lock.held_ns, error_ns=lock.error_ns)}"
                held[lock.relation, lock.mode].append(_bar("held", lock.span, window, label=statement.id, tip=tip))
        for wait in statement.waits:
            tip = f"{statement.id} waited for it {duration(wait.waited_ns, error_ns=wait.error_ns)}"
            held[wait.relation, wait.mode].append(_bar("waiting", wait.span, window, label="", tip=tip))
        for blocked in statement.blocked:
            queued[blocked.relation, blocked.mode].append(blocked.span)
    rows = [
        _row(key, "migration", sorted(bars, key=lambda b: b.from_s)) for key, bars in sorted(held.items(), key=_rank)
    ]
    rows += [_row(key, "actors", _queue_bars(spans, window)) for key, spans in sorted(queued.items(), key=_rank)]
    rows = [row for row in rows if row.bars]
    return tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS)


def _rank(item: tuple[tuple[str, str], object]) -> tuple[int, str]:
    (name, mode_name), _ = item
    return -strength(mode_name), name


def _row(key: tuple[str, str], who: str, bars: Iterable[Bar]) -> BarRow:
    name, mode_name = key
    return BarRow(label=f"{relation(name)} · {mode(mode_name)} · {who}", bars=tuple(bars))


def _queue_bars(spans: list[Span], window: Span) -> list[Bar]:
    """Waits that overlap or touch are one bar, told with how many there were."""
    bars = []
    for span in merge_spans(spans):
        number = sum(1 for one in spans if one.overlap(span))
        longest = max(one.duration_ns for one in spans if one.overlap(span))
        tip = f"{number} waits of actors, the longest {duration(longest)}"
        bars.append(_bar("waiting", span, window, label="", tip=tip))
    return bars


def _without(span: Span, holes: list[Span]) -> list[Span]:
    """`span` less the `holes`; never empty, so that a statement is seen even where it only waited."""
    parts, at = [], span.start_ns
    for hole in merge_spans(holes):
        if at < hole.start_ns <= span.end_ns:
            parts.append(Span(at, hole.start_ns))
        at = max(at, hole.end_ns)
    if at < span.end_ns or not parts:
        parts.append(Span(min(at, span.end_ns), span.end_ns))
    return parts


def _bar(kind: str, span: Span, window: Span, *, label: str, tip: str) -> Bar:
    start = max(span.start_ns, window.start_ns)
    end = max(start, min(span.end_ns, window.end_ns))
    zero = window.start_ns
    return Bar(
        kind=kind,
        from_s=round((start - zero) / NS_PER_S, 4),
        to_s=round((end - zero) / NS_PER_S, 4),
        label=label,
        tip=tip,
    )
