"""Errors of the application's operations: what users saw, what a retry absorbed, what an operation expects."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.analysis.facts import ErrorFacts
from harness.analysis.latency import Ints, Responses, in_span
from harness.analysis.phases import Windows
from harness.events.operations import Outcome
from harness.events.traffic import OperationDeclared, OperationFailed
from harness.model.spans import Span
from harness.model.sqlstate import ABANDONED, POOL_TIMEOUT, classify

NO_STATE = "XX000"
"""internal_error: what stands for an error that came without a state."""


def errors_of(
    responses: Responses,
    *,
    declared: Sequence[OperationDeclared],
    errors: Sequence[OperationFailed],
    windows: Windows,
) -> tuple[ErrorFacts, ...]:
    """One entry for each operation and SQLSTATE, those that users saw most first."""
    first = first_errors(errors)
    bad = np.flatnonzero(responses.failed | responses.expected)
    good = absorbed_rows(responses)
    found = []
    for operation in declared:
        mine = bad[responses.operation[bad] == operation.index]
        seen = dict(by_state(responses, mine[responses.failed[mine]]))
        expected = dict(by_state(responses, mine[responses.expected[mine]]))
        absorbed = dict(by_state(responses, good[responses.operation[good] == operation.index]))
        found += [
            _entry(
                operation,
                state,
                rows=[kind.get(state, _NONE) for kind in (seen, absorbed, expected)],
                responses=responses,
                windows=windows,
                message=first[operation.index, state].message if (operation.index, state) in first else "",
            )
            for state in sorted({*seen, *expected, *absorbed})
        ]
    return tuple(sorted(found, key=lambda one: (-one.seen, -one.absorbed, -one.expected)))


def absorbed_rows(responses: Responses) -> Ints:
    """Operations that succeeded at a later attempt, after an error that the record names."""
    retried = responses.retried
    done = retried[responses.outcome[retried] == Outcome.OK]
    named: Ints = done[responses.states(done) != b""]
    return named


def by_state(responses: Responses, rows: Ints) -> Iterator[tuple[str, Ints]]:
    """The rows of each SQLSTATE; operations that no server refused have a state of our own."""
    keys = np.char.add(responses.outcome[rows].astype("S1"), responses.states(rows))
    names, which = np.unique(keys, return_inverse=True)
    gathered: dict[str, list[Ints]] = {}
    for number, key in enumerate(names.tolist()):
        gathered.setdefault(_state(Outcome(int(key[:1])), key[1:].decode()), []).append(rows[which == number])
    for state, parts in gathered.items():
        yield state, np.sort(np.concatenate(parts))


def first_errors(errors: Sequence[OperationFailed]) -> dict[tuple[int, str], OperationFailed]:
    """The first error by operation and SQLSTATE, with its redacted message."""
    return {(error.operation, error.sqlstate): error for error in reversed(errors)}


_NONE = np.empty(0, dtype=np.int64)


def _state(outcome: Outcome, state: str) -> str:
    if outcome is Outcome.POOL_TIMEOUT:
        return state or POOL_TIMEOUT
    return ABANDONED if outcome is Outcome.ABANDONED else state or NO_STATE


def _entry(
    operation: OperationDeclared,
    state: str,
    *,
    rows: Sequence[Ints],
    responses: Responses,
    windows: Windows,
    message: str,
) -> ErrorFacts:
    seen, absorbed, expected = rows
    return ErrorFacts(
        operation=operation.name,
        version=operation.version,
        sqlstate=state,
        error_class=classify(state).value,
        seen=len(seen),
        absorbed=len(absorbed),
        expected=len(expected),
        seen_in=_by_phase(responses.due[seen], windows),
        first_ns=min((int(responses.end[one].min()) for one in rows if len(one)), default=None),
        message=message,
    )


def _by_phase(due: Ints, windows: Windows) -> dict[str, int]:
    """How many fell due in each phase; the settle after the way back belongs to it."""
    spans: dict[str, Span | None] = {
        "calibrate": windows.calibrate,
        "baseline": windows.baseline,
        "migrate": windows.migrate,
        "settle": windows.settle,
        "rollback": windows.rollback_widened,
    }
    counts = {name: int(np.count_nonzero(in_span(due, span))) for name, span in spans.items()}
    return {name: count for name, count in counts.items() if count}
