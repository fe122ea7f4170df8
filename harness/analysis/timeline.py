"""The load pass in equal buckets: throughput, latency, errors, blocked actors, WAL."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from harness.analysis.facts import BlockedFacts, Timeline
from harness.analysis.latency import Ints, Responses
from harness.events.observation import ServerSampled
from harness.model.spans import Span
from harness.model.sqlstate import POOL_TIMEOUT, classify
from harness.model.units import NS_PER_MS

BUCKETS = 200
"""Buckets aimed at: a bar of a 100-column terminal is two, a point of a 1280-pixel chart about six pixels."""
MIN_BUCKET_NS = 50 * NS_PER_MS
"""Shorter buckets hold too few operations at a few hundred per second to say anything."""
_STEPS_MS = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000)
_KEY_BITS = 54
"""A bucket number in the upper bits and a response time below sort as one integer; 2⁵⁴ ns are 208 days."""

_TOGETHER = 32
"""Buckets ranked together: an eighth of all, so that the keys of 10⁷ operations need not stand in memory at once."""

Buckets = npt.NDArray[np.int32]


def bucket_width(duration_ns: int) -> int:
    """The shortest round width that gives at most 240 buckets, ≥ 50 ms.

    >>> bucket_width(30_000_000_000) // 1_000_000
    200
    """
    for step in _STEPS_MS:
        if duration_ns <= step * NS_PER_MS * 240:
            return step * NS_PER_MS
    return -(-duration_ns // BUCKETS)


def timeline_of(
    responses: Responses, *, span: Span, blocked: Iterable[BlockedFacts], samples: Sequence[ServerSampled]
) -> Timeline:
    """The timeline over `span`; what lies outside is left out."""
    width = bucket_width(span.duration_ns)
    count = max(1, -(-span.duration_ns // width))
    first, last = (_buckets(times, span=span, width=width) for times in (responses.due, responses.end))
    failed = np.flatnonzero(responses.failed)
    ranked = _percentiles(responses, first=first, last=last, count=count)
    return Timeline(
        start_ns=span.start_ns,
        bucket_ns=width,
        offered=_counts(first, count),
        completed=_counts(last[~responses.failed & ~responses.expected], count),
        failed=_counts(last[failed], count),
        errors_by_class=_errors(responses, last, failed, count),
        p50_ns=ranked[0],
        p95_ns=ranked[1],
        p99_ns=ranked[2],
        max_ns=ranked[3],
        blocked_actors=_most_at_once([b.span for b in blocked], start_ns=span.start_ns, width=width, count=count),
        wal_bytes=_wal(samples, start_ns=span.start_ns, width=width, count=count),
    )


def _buckets(times: Ints, *, span: Span, width: int) -> Buckets:
    """The bucket of each instant; those outside keep a number outside."""
    return ((times - span.start_ns) // width).clip(-1, 2**31 - 2).astype(np.int32)


def _counts(buckets: Buckets, count: int) -> tuple[int, ...]:
    inside = buckets[(buckets >= 0) & (buckets < count)]
    return tuple(np.bincount(inside, minlength=count).tolist())


def _errors(responses: Responses, last: Buckets, failed: Ints, count: int) -> dict[str, tuple[int, ...]]:
    states, which = np.unique(responses.states(failed), return_inverse=True)
    found: dict[str, Ints] = {}
    for number, state in enumerate(states.tolist()):
        name = classify(state.decode() or POOL_TIMEOUT).value
        buckets = last[failed[which == number]]
        counts = np.bincount(buckets[(buckets >= 0) & (buckets < count)], minlength=count)
        found[name] = found[name] + counts if name in found else counts
    return {name: tuple(counts.tolist()) for name, counts in sorted(found.items())}


Optional = tuple[int | None, ...]


def _percentiles(
    responses: Responses, *, first: Buckets, last: Buckets, count: int
) -> tuple[Optional, Optional, Optional, Optional]:
    """p50, p95, p99 and the maximum of each bucket; an operation counts in every bucket from its due to its end."""
    columns: tuple[list[int | None], ...] = ([], [], [], [])
    for low in range(0, count, _TOGETHER):
        high = min(low + _TOGETHER, count)
        for column, part in zip(columns, _ranked(responses, first=first, last=last, low=low, high=high), strict=True):
            column.extend(part)
    p50, p95, p99, top = (tuple(column) for column in columns)
    return p50, p95, p99, top


def _ranked(responses: Responses, *, first: Buckets, last: Buckets, low: int, high: int) -> Iterator[list[int | None]]:
    """The four columns of the buckets from `low` to before `high`."""
    rows = np.flatnonzero((last >= low) & (first < high))
    begin = np.maximum(first[rows], low).astype(np.int64) - low
    lengths = np.minimum(last[rows], high - 1).astype(np.int64) - low - begin + 1
    keys = np.concatenate(list(_keys(begin, lengths, responses.end[rows] - responses.due[rows])))
    keys.sort()
    edges = np.searchsorted(keys, np.arange(high - low + 1, dtype=np.int64) << _KEY_BITS)
    sizes = np.diff(edges)
    for quantile in (0.50, 0.95, 0.99, 1.0):
        ranks = np.maximum(np.ceil(np.round(quantile * sizes, 9)).astype(np.int64) - 1, 0)
        at = np.minimum(edges[:-1] + ranks, max(len(keys) - 1, 0))
        values = (keys[at] & ((1 << _KEY_BITS) - 1)).tolist() if len(keys) else [0] * (high - low)
        yield [value if size else None for value, size in zip(values, sizes.tolist(), strict=True)]


def _keys(first: Ints, lengths: Ints, response: Ints) -> Iterator[Ints]:
    """Sorting keys of the operations' first buckets, then of the second ones of those that last longer, and so on."""
    yield np.empty(0, dtype=np.int64)
    at, left = first, lengths
    while len(at):
        yield (at << _KEY_BITS) + response
        more = left > 1
        at, left, response = at[more] + 1, left[more] - 1, response[more]


def _most_at_once(spans: Sequence[Span], *, start_ns: int, width: int, count: int) -> tuple[int, ...]:
    """The largest number of spans that share an instant, per bucket."""
    if not spans:
        return (0,) * count
    begins = np.sort(np.array([s.start_ns for s in spans], dtype=np.int64))
    ends = np.sort(np.array([max(s.end_ns, s.start_ns + 1) for s in spans], dtype=np.int64))
    edges = start_ns + width * np.arange(count, dtype=np.int64)
    # The number at once only grows where a span begins, so a bucket's maximum is at its edge or at a begin inside it.
    instants = np.concatenate((edges, begins))
    at_once = np.searchsorted(begins, instants, side="right") - np.searchsorted(ends, instants, side="right")
    buckets = (instants - start_ns) // width
    inside = (buckets >= 0) & (buckets < count)
    most = np.zeros(count, dtype=np.int64)
    np.maximum.at(most, buckets[inside], at_once[inside])
    return tuple(most.tolist())


def _wal(samples: Sequence[ServerSampled], *, start_ns: int, width: int, count: int) -> Optional:
    """WAL written in each bucket, interpolated between samples; None outside what was sampled."""
    if len(samples) < 2:
        return (None,) * count
    at = np.array([s.at_ns for s in samples], dtype=np.float64)
    written = np.array([s.wal_bytes for s in samples], dtype=np.float64)
    edges = start_ns + width * np.arange(count + 1, dtype=np.float64)
    values = np.diff(np.interp(edges, at, written)).round().astype(np.int64).tolist()
    covered = ((edges[1:] > at[0]) & (edges[:-1] < at[-1])).tolist()
    return tuple(value if seen else None for value, seen in zip(values, covered, strict=True))
