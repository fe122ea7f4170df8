"""The course of the traffic: for each phase what the schedule asked for, what was offered, and which versions ran."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from harness.analysis.facts import CourseFacts, PhaseFacts
from harness.analysis.latency import Ints, Responses, in_span
from harness.events.history import History
from harness.events.operations import Outcome
from harness.events.run import MixChanged
from harness.events.traffic import RateChanged, TrafficBegan, TrafficPlanned
from harness.model.spans import Span
from harness.model.units import NS_PER_S
from harness.model.words import Pass, PhaseKind
from harness.spec.scenario import Arrival
from harness.spec.schedule import RateCourse

RUNNING = (PhaseKind.CALIBRATE, PhaseKind.BASELINE, PhaseKind.MIGRATE, PhaseKind.SETTLE, PhaseKind.ROLLBACK)
"""The phases of the load pass in which the application runs."""


def course_of(
    history: History, *, planned: TrafficPlanned, responses: Responses, phases: Sequence[PhaseFacts]
) -> tuple[CourseFacts, ...]:
    """The phases of the load pass in order of time, from when traffic began."""
    course = _scheduled(history, planned, phases)
    retried = responses.due[responses.retried]
    return tuple(
        _phase(
            phase,
            responses=responses,
            scheduled=course.expected(phase.span) if course else None,
            retried=int(np.count_nonzero(in_span(retried, phase.span))),
            mix=_mix_at(history.of(MixChanged), phase.span),
        )
        for phase in phases
        if phase.pass_ is Pass.LOAD and phase.phase in RUNNING and phase.span.duration_ns
    )


class _Scheduled(Protocol):
    """What the schedule asked for."""

    def expected(self, span: Span) -> float:
        """Operations that fall due in `span`, on average."""


class _Recorded:
    """A trace that comes again and again, on the run's clock; evenly spread within a part of its period."""

    def __init__(self, counts: Sequence[int], period_ns: int, *, began_ns: int) -> None:
        self._sums = np.concatenate(([0], np.cumsum(counts)))
        self._edges = np.linspace(0, period_ns, len(self._sums))
        self._period_ns = period_ns
        self._began_ns = began_ns

    def expected(self, span: Span) -> float:
        """Operations that fall due in `span`."""
        return self._until(span.end_ns) - self._until(span.start_ns)

    def _until(self, at_ns: int) -> float:
        again, into = divmod(max(0, at_ns - self._began_ns), self._period_ns)
        return again * int(self._sums[-1]) + float(np.interp(into, self._edges, self._sums))


class _Drawn:
    """The course of the rate on the run's clock."""

    def __init__(self, course: RateCourse, *, began_ns: int) -> None:
        self._course = course
        self._began_ns = began_ns

    def expected(self, span: Span) -> float:
        """Operations that fall due in `span` on average."""
        start, end = max(0, span.start_ns - self._began_ns), max(0, span.end_ns - self._began_ns)
        return self._course.expected(start, end)


def _scheduled(history: History, planned: TrafficPlanned, phases: Sequence[PhaseFacts]) -> _Scheduled | None:
    """None for a recorded trace of a run that did not journal its arrivals."""
    traffic = history.info.scenario.traffic
    running = [p.span.start_ns for p in phases if p.pass_ is Pass.LOAD and p.phase in RUNNING]
    began = next((event.at_ns for event in history.of(TrafficBegan)), min(running, default=0))
    if traffic.arrival is Arrival.TRACE:
        period_ns = planned.trace_period_ns
        return _Recorded(planned.trace_counts, period_ns, began_ns=began) if period_ns else None
    course = replace(RateCourse.of(traffic), rate=planned.rate)
    for change in history.of(RateChanged):
        course = course.changed(max(0, change.at_ns - began), change.rate)
    return _Drawn(course, began_ns=began)


def _phase(
    phase: PhaseFacts, *, responses: Responses, scheduled: float | None, retried: int, mix: dict[str, float]
) -> CourseFacts:
    rows = np.flatnonzero(in_span(responses.due, phase.span))
    return CourseFacts(
        phase=_name(phase),
        span=phase.span,
        offered=len(rows),
        scheduled=scheduled,
        peak_rate=_peak(responses.due[rows], phase.span),
        completed=int(np.count_nonzero(responses.outcome[rows] == Outcome.OK)),
        retried=retried,
        mix=mix,
    )


def _name(phase: PhaseFacts) -> str:
    if phase.phase is PhaseKind.SETTLE:
        return "settle after rollback" if phase.name == "down" else "settle"
    return phase.name or phase.phase.value


def _peak(due: Ints, span: Span) -> float:
    """The busiest whole second, per second; the mean of a span that is shorter."""
    seconds = span.duration_ns // NS_PER_S
    if not seconds or not len(due):
        return len(due) * NS_PER_S / span.duration_ns
    which = (due - span.start_ns) // NS_PER_S
    return float(np.bincount(which[which < seconds], minlength=1).max())


def _mix_at(changes: Sequence[MixChanged], span: Span) -> dict[str, float]:
    """The shares that were in force for most of `span`: those of its end."""
    said = [change for change in changes if change.at_ns <= span.end_ns]
    total = sum(said[-1].shares.values()) if said else 0.0
    return {name: share / total for name, share in said[-1].shares.items() if share > 0} if total else {}
