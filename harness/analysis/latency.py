"""Response times: from due to end, exact order statistics, windows by due time. Vectorised for 10⁷ operations."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import numpy.typing as npt

from harness.analysis.facts import LatencyFacts, TimesFacts
from harness.events.operations import OperationRecords, Outcome, let_go
from harness.model.spans import Span

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CHUNK = 1_000_000
"""Records looked at together: 48 MB of the file at a time."""


@dataclass(frozen=True, slots=True)
class Responses:
    """Columns of the operation records, one entry an operation.

    Times are in ns; an operation that never ended has waited until the last thing recorded. `failed` are unexpected
    errors, pool timeouts and abandoned operations; `expected` errors the operation declares. `retried` are the rows of
    operations that were executed more than once.
    """

    records: OperationRecords
    due: Ints
    end: Ints
    failed: Flags
    expected: Flags
    answered: Flags
    operation: npt.NDArray[np.uint16]
    outcome: npt.NDArray[np.uint8]
    retried: Ints

    @property
    def response(self) -> Ints:
        """Response times: end − due."""
        return self.end - self.due

    def states(self, rows: Ints) -> npt.NDArray[np.bytes_]:
        """The SQLSTATEs of `rows`, left in the file until they are asked for: they are looked at for failures alone."""
        states: npt.NDArray[np.bytes_] = self.records["sqlstate"][rows]
        let_go(self.records)
        return states


NO_ANSWER_STATES = (b"57014", b"55P03", b"25P03", b"25P04", b"53300", b"57P03", b"")
"""Errors that only say that time ran out or nobody answered; they end an operation, not an outage."""


def responses_of(records: OperationRecords, *, expected: dict[int, tuple[str, ...]]) -> Responses:
    """The columns; `expected` are the SQLSTATEs each operation index declares."""
    count = len(records)
    due, end = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    operation, outcome = np.empty(count, dtype=np.uint16), np.empty(count, dtype=np.uint8)
    retried = [np.empty(0, dtype=np.int64)]
    for at in range(0, count, _CHUNK):
        part, here = records[at : at + _CHUNK], slice(at, at + _CHUNK)
        due[here], end[here] = part["due_ns"], part["end_ns"]
        operation[here], outcome[here] = part["operation"], part["outcome"]
        retried.append(np.flatnonzero(part["attempts"] > 1) + at)
        let_go(records)
    horizon = max(int(end.max(initial=0)), int(due.max(initial=0)))
    np.copyto(end, horizon, where=end < due)
    bad = np.flatnonzero(outcome != Outcome.OK)
    states = records["sqlstate"][bad]
    let_go(records)
    declared = _declared(operation[bad], states, expected)
    silent = (outcome[bad] != Outcome.ERROR) | np.isin(states, NO_ANSWER_STATES)
    return Responses(
        records=records,
        due=due,
        end=end,
        failed=_flags(count, bad[~declared]),
        expected=_flags(count, bad[declared]),
        answered=~_flags(count, bad[silent]),
        operation=operation,
        outcome=outcome,
        retried=np.concatenate(retried),
    )


def _declared(
    operation: npt.NDArray[np.uint16], states: npt.NDArray[np.bytes_], expected: dict[int, tuple[str, ...]]
) -> Flags:
    declared = np.zeros(len(states), dtype=bool)
    for index, codes in expected.items():
        if codes:
            mine = np.flatnonzero(operation == index)
            declared[mine] = np.isin(states[mine], [code.encode() for code in codes])
    return declared


def _flags(count: int, rows: Ints) -> Flags:
    flags = np.zeros(count, dtype=bool)
    flags[rows] = True
    return flags


def in_span(due: Ints, span: Span | None) -> Flags:
    """Which operations fell due in `span`; none of them for None."""
    if span is None:
        return np.zeros(len(due), dtype=bool)
    return (due >= span.start_ns) & (due < span.end_ns)


def latency_of(responses: Responses, rows: Ints) -> LatencyFacts:
    """The latency of the operations in `rows`, with the parts it is made of."""
    due, end = responses.due[rows], responses.end[rows]
    whole = summary(end - due, failed=int(np.count_nonzero(responses.failed[rows])))
    if not len(rows):
        return whole
    checkout, start = _times_at(responses.records, rows)
    waited = np.where(checkout > 0, checkout, end) - due
    sent = start > 0
    served = (end if bool(sent.all()) else end[sent]) - (start if bool(sent.all()) else start[sent])
    return replace(whole, pool_wait=times_of(np.maximum(waited, 0)), service=times_of(served))


def _times_at(records: OperationRecords, rows: Ints) -> tuple[Ints, Ints]:
    """Checkout and start of `rows`, which are in ascending order."""
    checkout, start = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    for at in range(0, len(rows), _CHUNK):
        part = rows[at : at + _CHUNK]
        checkout[at : at + _CHUNK] = records["checkout_ns"][part]
        start[at : at + _CHUNK] = records["start_ns"][part]
        let_go(records)
    return checkout, start


def summary(times: Ints, *, failed: int) -> LatencyFacts:
    """Exact order statistics of `times` (ns): the p-th is the smallest value with at least p of all at or below it."""
    whole = times_of(times)
    return LatencyFacts(
        count=whole.count,
        failed=failed,
        p50_ns=whole.p50_ns,
        p95_ns=whole.p95_ns,
        p99_ns=whole.p99_ns,
        max_ns=whole.max_ns,
    )


def times_of(times: Ints) -> TimesFacts:
    """Exact order statistics of `times` (ns), as `summary` gives them."""
    if not len(times):
        return TimesFacts(count=0, p50_ns=None, p95_ns=None, p99_ns=None, max_ns=None)
    ranks = [rank(len(times), q) for q in (0.50, 0.95, 0.99)]
    ordered = np.partition(times, [*ranks, len(times) - 1])
    p50, p95, p99 = (int(ordered[r]) for r in ranks)
    return TimesFacts(count=len(times), p50_ns=p50, p95_ns=p95, p99_ns=p99, max_ns=int(ordered[len(times) - 1]))


def rank(count: int, quantile: float) -> int:
    """Index of the nearest-rank quantile among `count` sorted values.

    >>> rank(100, 0.99), rank(1, 0.5)
    (98, 0)
    """
    return max(0, ceil(round(quantile * count, 9)) - 1)
