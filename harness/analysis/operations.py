"""Operations of the workload: offered, completed, failed by SQLSTATE, latency by window."""

from collections.abc import Sequence

import numpy as np

from harness.analysis.errors import absorbed_rows, by_state, first_errors
from harness.analysis.facts import OperationFacts
from harness.analysis.latency import Flags, Ints, Responses, in_span, latency_of
from harness.analysis.phases import Windows
from harness.analysis.versions import Mix, counted_spans, is_new
from harness.events.operations import Outcome
from harness.events.traffic import OperationDeclared, OperationFailed, OperationMissed
from harness.model.spans import Span


def operations_of(
    responses: Responses,
    *,
    declared: Sequence[OperationDeclared],
    errors: Sequence[OperationFailed],
    windows: Windows,
    mix: Mix,
    missed: Sequence[OperationMissed] = (),
) -> tuple[OperationFacts, ...]:
    """The operations in order of their index; one pass over the records sorts them by operation."""
    order = np.argsort(responses.operation, kind="stable")
    ordered = responses.operation[order]
    first = first_errors(errors)
    misses = {event.operation: event for event in missed}
    found = []
    for operation in sorted(declared, key=lambda one: one.index):
        rows = order[np.searchsorted(ordered, operation.index) : np.searchsorted(ordered, operation.index, "right")]
        found.append(
            _operation(
                operation,
                rows=rows,
                responses=responses,
                errors={state: error for (index, state), error in first.items() if index == operation.index},
                windows=windows,
                mix=mix,
                missed=misses.get(operation.index),
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
    errors: dict[str, OperationFailed],
    windows: Windows,
    mix: Mix,
    missed: OperationMissed | None,
) -> OperationFacts:
    due = responses.due[rows]
    in_baseline = rows[in_span(due, windows.baseline)]
    judged = rows[counted(responses, rows, counted_spans(operation.version, mix=mix, windows=windows))]
    failed, first = _counts(responses, judged[responses.failed[judged]])
    expected, _ = _counts(responses, rows[responses.expected[rows]])
    before, _ = _counts(responses, _failed_before(responses, in_baseline, windows.baseline))
    good = absorbed_rows(responses)
    absorbed, _ = _counts(responses, good[responses.operation[good] == operation.index])

    def window(span: Span | None) -> Ints:
        return rows[in_span(due, span)]

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
        messages={state: error.message for state, error in errors.items()},
        first_failed_ns=first,
        baseline=latency_of(responses, in_baseline),
        migrate=latency_of(responses, window(windows.felt)),
        rollback=latency_of(responses, window(windows.rollback)),
        is_new=is_new(operation.version, mix=mix, windows=windows),
        settle=latency_of(responses, window(windows.settle)) if windows.settle else None,
        calibrate=latency_of(responses, window(windows.calibrate)) if windows.calibrate else None,
        absorbed=absorbed,
        retried=int(np.count_nonzero(responses.operation[responses.retried] == operation.index)),
        executions=missed.executions if missed else None,
        misses=missed.misses if missed else None,
        failed_at={state: error.statement for state, error in errors.items()},
    )


def _failed_before(responses: Responses, rows: Ints, baseline: Span | None) -> Ints:
    """Of the operations due in the baseline, those that failed in it.

    One that the server refused after its end, served late or still under way, may have met the migration. One that
    nobody served counts wherever it ended.
    """
    refused_later = responses.outcome[rows] == Outcome.ERROR
    refused_later &= responses.end[rows] > (baseline.end_ns if baseline else 0)
    found: Ints = rows[responses.failed[rows] & ~refused_later]
    return found


def _counts(responses: Responses, rows: Ints) -> tuple[dict[str, int], dict[str, int]]:
    """Counts by SQLSTATE and the first end of each."""
    found = dict(by_state(responses, rows))
    return (
        {state: len(mine) for state, mine in found.items()},
        {state: int(responses.end[mine].min()) for state, mine in found.items()},
    )
