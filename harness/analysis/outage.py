"""Outages: the longest time in which operations were due and unfinished and none was answered."""

from dataclasses import dataclass

import numpy as np

from harness.analysis.latency import Ints, Responses
from harness.model.spans import Span

SEVERAL = 2
"""Operations that must wait together: one slow operation alone, at a rate so low that nothing else was due, is its own
latency and no outage."""

MOST_GAPS = 1_000_000
"""Stretches kept: at rates that make more, the others are far shorter than any budget."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Every stretch without an answer while something was outstanding: starts and ends, ns, in order of time."""

    start: Ints
    end: Ints
    waiting: Ints
    """Operations that were outstanding at some time of it."""


def gaps_of(responses: Responses, *, most: int = MOST_GAPS) -> Gaps:
    """From the later of the last answer and the due of the oldest outstanding operation, to the next answer.

    Time in which nothing was due is no outage, so a low rate makes none. An operation that only timed out does not end
    an outage. Of more than `most` only the longest are kept.
    """
    if not len(responses.due):
        nothing = np.zeros(0, dtype=np.int64)
        return Gaps(nothing, nothing, nothing)
    due = _in_order(responses)
    start, end = _silences(responses, due)
    if len(start) > most:
        length = end - start
        kept = np.flatnonzero(length >= np.partition(length, -most)[-most])
        start, end = start[kept], end[kept]
        del length
    waiting = np.searchsorted(due, end, side="left") - np.searchsorted(np.sort(responses.end), start, side="right")
    return Gaps(start, end, waiting)


def _silences(responses: Responses, due: Ints) -> tuple[Ints, Ints]:
    """Starts and ends of every stretch, by end."""
    busy_from, busy_until = _busy(due, _latest_ends(responses, due))
    # A busy stretch whose last operation only timed out ends without an answer: its end closes the gap.
    ends = np.concatenate((responses.end[responses.answered], busy_until))
    ends.sort()
    start = busy_from[np.searchsorted(busy_from, ends, side="right") - 1]
    np.maximum(start[1:], ends[:-1], out=start[1:])
    return start, ends


def _busy(due: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Starts and ends of the stretches in which something was outstanding; `last` as `_latest_ends` gives it."""
    fresh = np.concatenate(([True], due[1:] > last[:-1]))
    return due[fresh], last[np.concatenate((np.flatnonzero(fresh)[1:] - 1, [len(due) - 1]))]


def _in_order(responses: Responses) -> Ints:
    """Dues in ascending order; not copied where they are."""
    due = responses.due
    return due if bool(np.all(due[1:] >= due[:-1])) else np.sort(due)


def _latest_ends(responses: Responses, due: Ints) -> Ints:
    """For each due, in order, the latest end of an operation that was due until then."""
    if due is responses.due:
        return np.maximum.accumulate(responses.end)
    last = responses.end[np.argsort(responses.due, kind="stable")]
    return np.maximum.accumulate(last, out=last)


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
