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
    due, last = _by_due(responses)
    start, end = _silences(due, last, responses.end[responses.answered])
    if len(start) > most:
        length = end - start
        kept = np.flatnonzero(length >= np.partition(length, -most)[-most])
        start, end = start[kept], end[kept]
        del length
    waiting = np.searchsorted(due, end, side="left") - np.searchsorted(np.sort(responses.end), start, side="right")
    return Gaps(start, end, waiting)


def _silences(due: Ints, last: Ints, answers: Ints) -> tuple[Ints, Ints]:
    """Starts and ends of every stretch, by end; `last` is for each due the latest end until then."""
    fresh = np.concatenate(([True], due[1:] > last[:-1]))
    busy_from = due[fresh]
    busy_until = last[np.concatenate((np.flatnonzero(fresh)[1:] - 1, [len(due) - 1]))]
    # A busy stretch whose last operation only timed out ends without an answer: its end closes the gap.
    ends = np.concatenate((answers, busy_until))
    ends.sort()
    start = busy_from[np.searchsorted(busy_from, ends, side="right") - 1]
    np.maximum(start[1:], ends[:-1], out=start[1:])
    return start, ends


def _by_due(responses: Responses) -> tuple[Ints, Ints]:
    """Dues in order, and for each the latest end of an operation that was due until then."""
    if bool(np.all(responses.due[1:] >= responses.due[:-1])):
        return responses.due, np.maximum.accumulate(responses.end)
    order = np.argsort(responses.due, kind="stable")
    last = responses.end[order]
    return responses.due[order], np.maximum.accumulate(last, out=last)


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
