"""Outages: the longest time in which operations were due and unfinished and none was answered."""

from dataclasses import dataclass

import numpy as np

from harness.analysis.latency import Ints, Responses
from harness.model.spans import Span

SEVERAL = 2
"""Operations that must wait together: one slow operation alone, at a rate so low that nothing else was due, is its own
latency and no outage."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Every stretch without an answer while something was outstanding: starts and ends, ns, in order of time."""

    start: Ints
    end: Ints
    waiting: Ints
    """Operations that were outstanding at some time of it."""


def gaps_of(responses: Responses) -> Gaps:
    """From the later of the last answer and the due of the oldest outstanding operation, to the next answer.

    Time in which nothing was due is no outage, so a low rate makes none. An operation that only timed out does not end
    an outage.
    """
    if not len(responses.due):
        nothing = np.zeros(0, dtype=np.int64)
        return Gaps(nothing, nothing, nothing)
    due, ended = _by_due(responses)
    np.maximum.accumulate(ended, out=ended)
    fresh = np.concatenate(([True], due[1:] > ended[:-1]))
    busy_from = due[fresh]
    busy_until = ended[np.concatenate((np.flatnonzero(fresh)[1:] - 1, [len(due) - 1]))]
    # A busy stretch whose last operation only timed out ends without an answer: its end closes the gap.
    del due, ended, fresh
    ends = np.concatenate((responses.end[responses.answered], busy_until))
    ends.sort()
    start = busy_from[np.searchsorted(busy_from, ends, side="right") - 1]
    np.maximum(start[1:], ends[:-1], out=start[1:])
    ended = np.sort(responses.end)
    due = np.sort(responses.due)
    waiting = np.searchsorted(due, ends, side="left") - np.searchsorted(ended, start, side="right")
    return Gaps(start, ends, waiting)


def _by_due(responses: Responses) -> tuple[Ints, Ints]:
    """Dues and ends in order of due; copies, for the caller to change."""
    if bool(np.all(responses.due[1:] >= responses.due[:-1])):
        return responses.due.copy(), responses.end.copy()
    order = np.argsort(responses.due, kind="stable")
    return responses.due[order], responses.end[order]


def longest(gaps: Gaps, window: Span | None) -> Span | None:
    """The longest gap within `window` in which several waited, clipped to it; None where there is none."""
    several = gaps.waiting >= SEVERAL
    if window is None or not np.any(several):
        return None
    start = np.maximum(gaps.start[several], window.start_ns)
    end = np.minimum(gaps.end[several], window.end_ns)
    best = int(np.argmax(end - start))
    if end[best] <= start[best]:
        return None
    return Span(int(start[best]), int(end[best]))
