"""What every source of a workload gives: operations, how much of the source they cover, what to hold them against."""

from dataclasses import dataclass
from typing import Final

from harness.spec.scenario import OperationSpec

CATALOG: Final = "the catalog"
"""`Coverage.source` of a workload that nothing recorded: its calls are operations that were thought of."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Statements of the source that no operation stands for: `statement` is normalized, constants are gone."""

    statement: str
    calls: int
    time_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the source's load the operations stand for, in calls of statements and in time they took."""

    source: str
    calls: int
    covered_calls: int
    time_ns: int
    covered_time_ns: int
    uncovered: tuple[Uncovered, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the source says of statement `statement` (from 0) of an operation; None where it does not say."""

    operation: str
    statement: int
    calls: int
    rows_per_call: float | None = None
    time_per_call_ns: float | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived workload; `rate` is operations per second of the source, None where it does not say."""

    operations: tuple[OperationSpec, ...]
    rate: float | None
    coverage: Coverage
    expectations: tuple[Expectation, ...] = ()
    notes: tuple[str, ...] = ()
