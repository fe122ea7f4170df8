"""What drawing needs from outside: values of the clone, the clock, keys that this run inserted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from harness.spec.params.nodes import SampleColumn, SampledRow


class Scale(Enum):
    """Whether there are values between two bounds of a histogram, and of what kind."""

    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """A column by pg_stats.

    `null_share` of all rows are NULL, `shares[i]` of all rows are `common[i]`; the rest lie between the `bounds`, as
    many between each two.
    """

    scale: Scale
    null_share: float
    common: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    bounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyStart:
    """Where new keys of a column begin: after `above`; None: the column takes UUIDs."""

    above: int | None


@dataclass(frozen=True, slots=True)
class Samples:
    """Everything that the clone gave; picklable, and small enough to send to every process."""

    columns: Mapping[SampleColumn, Sequence[str]] = field(default_factory=dict)
    rows: Mapping[SampledRow, tuple[Sequence[str], ...]] = field(default_factory=dict)
    statistics: Mapping[SampleColumn, ColumnStatistics] = field(default_factory=dict)
    new_keys: Mapping[SampleColumn, KeyStart] = field(default_factory=dict)


class InsertedKeys(Protocol):
    """Keys of rows that this run inserted and was told are committed."""

    def ring(self, source: SampleColumn) -> Sequence[str]:
        """A live, bounded view: it grows, and loses what is deleted or oldest, while the run goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """What drawing needs from outside: sampled values, the wall clock as text, a Faker (None where nothing asks).

    This process is number `lane` of `lanes`: keys that may be given once only are dealt out in turn. `counters` are
    where each such column has got to, shared by all operations of the process.
    """

    samples: Samples
    now: Callable[[], str]
    faker: Any | None = None
    inserted: InsertedKeys | None = None
    lane: int = 0
    lanes: int = 1
    seed: int = 0
    counters: dict[tuple[str, SampleColumn], Iterator[int]] = field(default_factory=dict)
