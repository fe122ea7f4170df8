"""Derived operations tried on a database: those that do not run are left out, and told."""

from dataclasses import replace
from typing import Final

from harness.spec.scenario import OperationSpec
from harness.workload.derived import Derived, Uncovered
from harness.workload.trial import OperationTrial, Runner

DRAWS: Final = 5
"""Times that each operation runs: an error that every second draw gives shows with a probability of 97 %."""


def prove(derived: Derived, runner: Runner, *, draws: int = DRAWS) -> Derived:
    """`derived` without the operations that gave an error, their calls and time no longer covered."""
    trials = runner.try_out(derived.operations, draws=draws)
    tried = list(zip(derived.operations, trials, strict=True))
    kept = tuple(operation for operation, trial in tried if trial.ok)
    lost = [_lost(derived, operation, trial) for operation, trial in tried if not trial.ok]
    coverage = derived.coverage
    return replace(
        derived,
        operations=kept,
        rate=_rate(derived, kept),
        coverage=replace(
            coverage,
            covered_calls=max(0, coverage.covered_calls - sum(one.calls for one in lost)),
            covered_time_ns=max(0, coverage.covered_time_ns - sum(one.time_ns for one in lost)),
            uncovered=(*coverage.uncovered, *lost),
        ),
        expectations=tuple(e for e in derived.expectations if any(e.operation == one.name for one in kept)),
    )


def _rate(derived: Derived, kept: tuple[OperationSpec, ...]) -> float | None:
    total = sum(operation.weight for operation in derived.operations)
    if derived.rate is None or not total:
        return derived.rate
    return derived.rate * sum(operation.weight for operation in kept) / total


def _lost(derived: Derived, operation: OperationSpec, trial: OperationTrial) -> Uncovered:
    expected = [one for one in derived.expectations if one.operation == operation.name]
    return Uncovered(
        statement=_text(operation),
        calls=sum(one.calls for one in expected),
        time_ns=round(sum(one.calls * (one.time_per_call_ns or 0.0) for one in expected)),
        reason=f"{trial.reason} ({trial.sqlstate})" if trial.sqlstate else trial.reason,
    )


def _text(operation: OperationSpec) -> str:
    """Its statements; the file's name for a script."""
    if isinstance(operation.sql, str):
        return operation.sql or operation.pgbench
    return "; ".join(part if isinstance(part, str) else part.sql for part in operation.sql)
