"""Derived statements held against their source: rows per call and time per call, here and there."""

from typing import Final

from harness.events.traffic import StatementCompared
from harness.model.units import NS_PER_MS
from harness.workload.derived import Derived
from harness.workload.trial import Runner

DRAWS: Final = 30
"""Times that each operation runs: the mean of a count that varies as much as it is large is then known to a fifth."""
_ROWS_FACTOR: Final = 2.0
_ROWS_APART: Final = 1.0  # rows; below it, a factor says nothing
_TIME_FACTOR: Final = 10.0  # another machine, other caches
_TIME_APART_NS: Final = NS_PER_MS  # below it, both are answers from memory


def check_realism(derived: Derived, runner: Runner, *, draws: int = DRAWS) -> tuple[StatementCompared, ...]:
    """Each statement that the source says something of, run here; those that most calls stand for first.

    Rows are like the source's within a factor of two or one row; time within a factor of ten or a millisecond.
    """
    expected = {(one.operation, one.statement): one for one in derived.expectations}
    named = [one for one in derived.operations if any(operation == one.name for operation, _ in expected)]
    found = []
    for operation, trial in zip(named, runner.try_out(named, draws=draws), strict=True):
        for number, statement in enumerate(trial.statements):
            source = expected.get((operation.name, number))
            if source is None:
                continue
            rows = statement.rows / statement.calls if statement.calls else None
            time_ns = statement.time_ns / statement.calls if statement.calls else None
            near = _near(source.rows_per_call, rows, _ROWS_FACTOR, _ROWS_APART) and _near(
                source.time_per_call_ns, time_ns, _TIME_FACTOR, _TIME_APART_NS
            )
            found.append(
                StatementCompared(
                    operation=operation.name,
                    statement=number,
                    sql=statement.sql,
                    calls=source.calls,
                    rows_source=source.rows_per_call,
                    rows_here=rows,
                    time_source_ns=source.time_per_call_ns,
                    time_here_ns=time_ns,
                    ok=near and trial.ok,
                    error=trial.sqlstate or ("" if trial.ok else "error"),
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.calls, one.operation, one.statement)))


def _near(source: float | None, here: float | None, factor: float, apart: float) -> bool:
    """Whether two means are alike; what is not known contradicts nothing."""
    if source is None or here is None or abs(source - here) <= apart:
        return True
    low, high = sorted((source, here))
    return high <= low * factor
