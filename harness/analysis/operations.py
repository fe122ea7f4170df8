"""Operations of the workload: offered, completed, failed by SQLSTATE, latency by window."""

from collections.abc import Sequence

import numpy as np

from harness.analysis.facts import OperationFacts
from harness.analysis.latency import Flags, Ints, Responses, in_span, latency_of
from harness.analysis.phases import Windows
from harness.analysis.versions import Mix, counted_spans, is_new
from harness.events.operations import Outcome
from harness.events.traffic import OperationDeclared, OperationFailed
from harness.model.spans import Span
from harness.model.sqlstate import POOL_TIMEOUT

ABANDONED = "ABAND"
"""Our own state for an operation that had not ended when traffic stopped; no server sends it."""


def operations_of(
    responses: Responses,
    *,
    declared: Sequence[OperationDeclared],
    errors: Sequence[OperationFailed],
    windows: Windows,
    mix: Mix,
) -> tuple[OperationFacts, ...]:
    """The operations in order of their index; one pass over the records sorts them by operation."""
    order = np.argsort(responses.operation, kind="stable")
    ordered = responses.operation[order]
    messages = {(e.operation, e.sqlstate): e.message for e in reversed(errors)}
    found = []
    for operation in sorted(declared, key=lambda one: one.index):
        rows = order[np.searchsorted(ordered, operation.index) : np.searchsorted(ordered, operation.index, "right")]
        found.append(
            _operation(
                operation,
                rows=rows,
                responses=responses,
                messages=messages,
                windows=windows,
                mix=mix,
            )
        )
    return tuple(found)


def counted(responses: Responses, rows: Ints, spans: Sequence[Span]) -> Flags:
    """Which of `rows` began and ended in one of `spans`.

    An operation that was under way when its version left the mix does not count: a deploy drains the old instances
    before the step that they do not survive.
    """
    due, end = responses.due[rows], responses.end[rows]
    inside = np.zeros(len(rows), dtype=bool)
    for span in spans:
        inside |= (due >= span.start_ns) & (end < span.end_ns)
    return inside


def _operation(
    operation: OperationDeclared,
    *,
    rows: Ints,
    responses: Responses,
    messages: dict[tuple[int, str], str],
    windows: Windows,
    mix: Mix,
) -> OperationFacts:
    spans = counted_spans(operation.version, mix=mix, windows=windows)
    in_baseline = rows[in_span(responses.due[rows], windows.baseline)]
    judged = rows[counted(responses, rows, spans)]
    failed, first = _by_state(responses, judged[responses.failed[judged]])
    expected, _ = _by_state(responses, rows[responses.expected[rows]])
    before, _ = _by_state(responses, in_baseline[responses.failed[in_baseline]])
    return OperationFacts(
        name=operation.name,
        version=operation.version,
        sql=operation.sql,
        reads=operation.reads,
        writes=operation.writes,
        offered=len(rows),
        completed=int(np.count_nonzero(responses.outcome[rows] == Outcome.OK)),
        failed=failed,
        expected=expected,
        failed_in_baseline=before,
        messages={state: text for (index, state), text in messages.items() if index == operation.index},
        first_failed_ns=first,
        baseline=latency_of(responses, in_baseline),
        migrate=latency_of(responses, rows[in_span(responses.due[rows], windows.felt)]),
        rollback=latency_of(responses, rows[in_span(responses.due[rows], windows.rollback)]),
        is_new=is_new(operation.version, mix=mix, windows=windows),
    )


def _by_state(responses: Responses, rows: Ints) -> tuple[dict[str, int], dict[str, int]]:
    """Counts by SQLSTATE and the first end of each."""
    counts: dict[str, int] = {}
    first: dict[str, int] = {}
    for outcome in (Outcome.ERROR, Outcome.POOL_TIMEOUT, Outcome.ABANDONED):
        mine = rows[responses.outcome[rows] == outcome]
        states, which = np.unique(responses.sqlstate[mine], return_inverse=True)
        for number, raw in enumerate(states.tolist()):
            state = _state_of(outcome, raw.decode())
            chosen = mine[which == number]
            counts[state] = counts.get(state, 0) + len(chosen)
            at = int(responses.end[chosen].min())
            first[state] = min(first.get(state, at), at)
    return counts, first


def _state_of(outcome: Outcome, state: str) -> str:
    if outcome is Outcome.POOL_TIMEOUT:
        return POOL_TIMEOUT
    if outcome is Outcome.ABANDONED:
        return ABANDONED
    return state or "XX000"
