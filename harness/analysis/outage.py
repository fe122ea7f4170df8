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
    order = np.argsort(responses.due, kind="stable")
    due, ended = responses.due[order], np.maximum.accumulate(responses.end[order])
    fresh = np.concatenate(([True], due[1:] > ended[:-1]))
    busy_from = due[fresh]
    busy_until = ended[np.concatenate((np.flatnonzero(fresh)[1:] - 1, [len(due) - 1]))]
    # A busy stretch whose last operation only timed out ends without an answer: its end closes the gap.
    ends = np.unique(np.concatenate((responses.end[responses.answered], busy_until)))
    stretch = np.searchsorted(busy_from, ends, side="right") - 1
    previous = np.concatenate(([np.iinfo(np.int64).min], ends[:-1]))
    return Gaps(np.maximum(previous, busy_from[stretch]), ends)


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
