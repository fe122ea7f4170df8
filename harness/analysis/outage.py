"""Outages: the longest time in which operations were due and unfinished and none was answered."""

from dataclasses import dataclass

import numpy as np

from harness.analysis.latency import Ints, Responses
from harness.model.spans import Span


@dataclass(frozen=True, slots=True)
class Gaps:
    """Every stretch without an answer while something was outstanding: starts and ends, ns, in order of time."""

    start: Ints
    end: Ints


def gaps_of(responses: Responses) -> Gaps:
    """From the later of the last answer and the due of the oldest outstanding operation, to the next answer.

    Time in which nothing was due is no outage, so a low rate makes none. An operation that only timed out does not end
    an outage.
    """
    if not len(responses.due):
        nothing = np.zeros(0, dtype=np.int64)
        return Gaps(nothing, nothing)
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
    return Gaps(start, ends)


def _by_due(responses: Responses) -> tuple[Ints, Ints]:
    """Dues and ends in order of due; copies, for the caller to change."""
    if bool(np.all(responses.due[1:] >= responses.due[:-1])):
        return responses.due.copy(), responses.end.copy()
    order = np.argsort(responses.due, kind="stable")
    return responses.due[order], responses.end[order]


def longest(gaps: Gaps, window: Span | None) -> Span | None:
    """The longest gap within `window`, clipped to it; None where there is none."""
    if window is None or not len(gaps.start):
        return None
    start = np.maximum(gaps.start, window.start_ns)
    end = np.minimum(gaps.end, window.end_ns)
    best = int(np.argmax(end - start))
    if end[best] <= start[best]:
        return None
    return Span(int(start[best]), int(end[best]))
