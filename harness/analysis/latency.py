"""Response times: from due to end, exact order statistics, windows by due time. Vectorised for 10⁷ operations."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.analysis.facts import LatencyFacts
from harness.events.operations import OperationRecords, Outcome
from harness.model.spans import Span

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOISE_PARTS = 4
"""Equal parts of the baseline whose p99s span its noise; with a 10 s baseline at 200/s each holds 500 operations,
enough for a p99 that is not the maximum."""


@dataclass(frozen=True, slots=True)
class Responses:
    """Columns of the operation records, one entry an operation.

    `response` is end − due in ns; an operation that never ended has waited until the last thing recorded. `failed` are
    unexpected errors, pool timeouts and abandoned operations; `expected` errors the operation declares.
    """

    due: Ints
    end: Ints
    response: Ints
    failed: Flags
    expected: Flags
    answered: Flags
    operation: npt.NDArray[np.uint16]
    outcome: npt.NDArray[np.uint8]
    sqlstate: npt.NDArray[np.bytes_]


NO_ANSWER_STATES = (b"57014", b"55P03", b"25P03", b"25P04", b"53300", b"57P03", b"")
"""Errors that only say that time ran out or nobody answered; they end an operation, not an outage."""


def responses_of(records: OperationRecords, *, expected: dict[int, tuple[str, ...]]) -> Responses:
    """The columns; `expected` are the SQLSTATEs each operation index declares."""
    due, end = _column(records["due_ns"]), _column(records["end_ns"])
    horizon = max(int(end.max(initial=0)), int(due.max(initial=0)))
    end = np.where(end >= due, end, horizon)
    # States are looked at for failures alone, so they stay where they are.
    outcome, states = np.ascontiguousarray(records["outcome"]), records["sqlstate"]
    operation = np.ascontiguousarray(records["operation"])
    bad = outcome != Outcome.OK
    declared = np.zeros(len(records), dtype=bool)
    for index, codes in expected.items():
        if codes:
            mine = np.flatnonzero(bad & (operation == index))
            declared[mine] = np.isin(states[mine], [code.encode() for code in codes])
    answered = ~bad
    errors = np.flatnonzero(outcome == Outcome.ERROR)
    answered[errors] = ~np.isin(states[errors], NO_ANSWER_STATES)
    return Responses(
        due=due,
        end=end,
        response=end - due,
        failed=bad & ~declared,
        expected=declared,
        answered=answered,
        operation=operation,
        outcome=outcome,
        sqlstate=states,
    )


def in_span(due: Ints, span: Span | None) -> Flags:
    """Which operations fell due in `span`; none of them for None."""
    if span is None:
        return np.zeros(len(due), dtype=bool)
    return (due >= span.start_ns) & (due < span.end_ns)


def latency_of(responses: Responses, chosen: Flags | Ints) -> LatencyFacts:
    """The latency of the chosen operations."""
    times = responses.response[chosen]
    return summary(times, failed=int(np.count_nonzero(responses.failed[chosen])))


def summary(times: Ints, *, failed: int) -> LatencyFacts:
    """Exact order statistics of `times` (ns): the p-th is the smallest value with at least p of all at or below it."""
    if not len(times):
        return LatencyFacts(count=0, failed=failed, p50_ns=None, p95_ns=None, p99_ns=None, max_ns=None)
    ranks = [rank(len(times), q) for q in (0.50, 0.95, 0.99)]
    ordered = np.partition(times, [*ranks, len(times) - 1])
    p50, p95, p99 = (int(ordered[r]) for r in ranks)
    return LatencyFacts(
        count=len(times), failed=failed, p50_ns=p50, p95_ns=p95, p99_ns=p99, max_ns=int(ordered[len(times) - 1])
    )


def rank(count: int, quantile: float) -> int:
    """Index of the nearest-rank quantile among `count` sorted values.

    >>> rank(100, 0.99), rank(1, 0.5)
    (98, 0)
    """
    return max(0, ceil(round(quantile * count, 9)) - 1)


def noise_of(responses: Responses, span: Span | None) -> tuple[int, int] | None:
    """Lowest and highest p99 over equal parts of the baseline; None when a part has no operation."""
    if span is None or span.duration_ns < NOISE_PARTS:
        return None
    edges = np.linspace(span.start_ns, span.end_ns, NOISE_PARTS + 1).astype(np.int64)
    found = [latency_of(responses, in_span(responses.due, Span(a, b))).p99_ns for a, b in pairwise(edges.tolist())]
    known = [p99 for p99 in found if p99 is not None]
    return (min(known), max(known)) if len(known) == NOISE_PARTS else None


def _column(values: Any) -> Ints:
    return np.ascontiguousarray(values, dtype=np.int64)
