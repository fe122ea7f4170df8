"""Phases as spans of time, and the windows that the load pass is measured in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.analysis.facts import PhaseFacts
from harness.events.history import History
from harness.events.migration import MigrationPaused
from harness.events.run import PhaseEnded, PhaseStarted
from harness.model.spans import Span
from harness.model.units import NS_PER_S
from harness.model.words import Direction, Pass, PhaseKind

AFTERMATH_NS = NS_PER_S
"""How long after its end a migration's effects are counted as its own.

The queue it caused drains within its own length or within a pool's worth of operations, far below a second at the
rates rehearsed here; a second also catches the first use of every changed object by a workload of a few operations
per second.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Spans of the load pass, None where the phase did not happen.

    `migrate` is the migration itself, `felt` the migration and its aftermath, `widened` the migration with the whole
    settle after it, `rollback` the way back with the settle after it, `load` all of the pass. In `calibrate` nothing
    migrates: an A/A window to hold the baseline against.
    """

    baseline: Span | None
    migrate: Span | None
    settle: Span | None
    felt: Span | None
    widened: Span | None
    rollback: Span | None
    rollback_widened: Span | None
    load: Span | None
    calibrate: Span | None = None


def phases_of(history: History) -> tuple[PhaseFacts, ...]:
    """Every phase in order of its start; one that never ended lasts to the last event and is not ok."""
    last = max((event.at_ns for event in history.events), default=0)
    open_: dict[tuple[Pass, PhaseKind, str], PhaseStarted] = {}
    found: list[PhaseFacts] = []
    for event in history.events:
        if isinstance(event, PhaseStarted):
            open_[event.pass_, event.phase, event.name] = event
        elif isinstance(event, PhaseEnded):
            start = open_.pop((event.pass_, event.phase, event.name), None)
            if start is not None:
                found.append(_phase(start, event.at_ns, ok=event.ok))
    found.extend(_phase(start, last, ok=False) for start in open_.values())
    pauses = [(event.pass_, Span(event.start_ns, event.at_ns)) for event in history.of(MigrationPaused)]
    found = [replace(phase, paused_ns=_paused(phase, pauses)) for phase in found]
    return tuple(sorted(found, key=lambda phase: (phase.span.start_ns, -phase.span.end_ns)))


def windows_of(phases: Iterable[PhaseFacts], *, statements: dict[Direction, Span]) -> Windows:
    """The windows of the load pass; `statements` are the spans of the statements of each direction, as a fallback."""
    load = [phase for phase in phases if phase.pass_ is Pass.LOAD]
    baseline = _cover(load, PhaseKind.BASELINE)
    migrate = _cover(load, PhaseKind.MIGRATE) or statements.get(Direction.UP)
    rollback = _cover(load, PhaseKind.ROLLBACK) or statements.get(Direction.DOWN)
    settles = [phase.span for phase in load if phase.phase is PhaseKind.SETTLE]
    after_up = [span for span in settles if rollback is None or span.start_ns < rollback.start_ns]
    after_down = [span for span in settles if span not in after_up]
    settle = _hull(after_up)
    up_end = settle.end_ns if settle else (migrate.end_ns if migrate else 0)
    down = _hull([rollback, *after_down]) if rollback else None
    calibrate = _cover(load, PhaseKind.CALIBRATE)
    whole = [s for s in (calibrate, baseline, migrate, settle, down) if s]
    return Windows(
        calibrate=calibrate,
        baseline=baseline,
        migrate=migrate,
        settle=settle,
        felt=Span(migrate.start_ns, max(migrate.end_ns, min(migrate.end_ns + AFTERMATH_NS, up_end)))
        if migrate
        else None,
        widened=Span(migrate.start_ns, max(migrate.end_ns, up_end)) if migrate else None,
        rollback=rollback,
        rollback_widened=down,
        load=_hull(whole),
    )


def _phase(start: PhaseStarted, end_ns: int, *, ok: bool) -> PhaseFacts:
    span = Span(start.at_ns, max(start.at_ns, end_ns))
    return PhaseFacts(pass_=start.pass_, phase=start.phase, name=start.name, span=span, ok=ok)


def _paused(phase: PhaseFacts, pauses: list[tuple[Pass, Span]]) -> int:
    mine = (span.overlap(phase.span) for pass_, span in pauses if pass_ is phase.pass_)
    return sum(span.duration_ns for span in mine if span is not None)


def paused_within(phases: Iterable[PhaseFacts], kind: PhaseKind) -> int:
    """How long the harness let the migration wait in the load pass's phases of this kind."""
    return sum(phase.paused_ns for phase in phases if phase.pass_ is Pass.LOAD and phase.phase is kind)


def _cover(phases: list[PhaseFacts], kind: PhaseKind) -> Span | None:
    return _hull([phase.span for phase in phases if phase.phase is kind])


def _hull(spans: list[Span]) -> Span | None:
    if not spans:
        return None
    return Span(min(span.start_ns for span in spans), max(span.end_ns for span in spans))
