"""Parameter expressions as frozen types: what `sample(orders.id)`, `int(1, 9)`, … stand for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from harness.spec.pgbench.nodes import Expression


@dataclass(frozen=True, slots=True, order=True)
class SampleColumn:
    """A column whose values the clone must give: `table` as SQL would write it, `column` folded as SQL would."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class SampledRow:
    """Columns of a table whose values are sampled together: each row that was sampled gives one of each."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of the column, each sampled row equally likely."""

    source: SampleColumn


@dataclass(frozen=True, slots=True)
class Once:
    """A sampled value of the column that was not given before, until all are; then any: what a DELETE wants."""

    source: SampleColumn


@dataclass(frozen=True, slots=True)
class RowValue:
    """The column of a sampled row; parameters of one operation with the same table and `row` take the same one."""

    source: SampleColumn
    row: str = ""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A value of the column as often as the column has it: the common ones by their frequency, the others evenly."""

    source: SampleColumn


@dataclass(frozen=True, slots=True)
class FromStatistics:
    """A value like the column's by pg_stats: common values, then between bounds of the histogram, NULL by its share."""

    source: SampleColumn


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that no row has: above the greatest, or a new UUID."""

    source: SampleColumn


@dataclass(frozen=True, slots=True)
class Inserted:
    """The key of a row that this run inserted; while there is none, a sampled one."""

    source: SampleColumn


@dataclass(frozen=True, slots=True)
class ZipfSample:
    """A value of the column, a few of them hot: rank k is as likely as k ** −s."""

    source: SampleColumn
    s: float


@dataclass(frozen=True, slots=True)
class ZipfRange:
    """An integer in [low, high], the k-th as likely as k ** −s."""

    low: int
    high: int
    s: float


@dataclass(frozen=True, slots=True)
class IntRange:
    """An integer in [low, high], each equally likely."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class FloatRange:
    """A number in [low, high), with `digits` decimals; None: as many as a double has."""

    low: float
    high: float
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class DateRange:
    """A day in [first, last], each equally likely."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Truth:
    """true, with this probability, or false."""

    share: float


@dataclass(frozen=True, slots=True)
class NewUuid:
    """A random UUID, version 4."""


@dataclass(frozen=True, slots=True)
class RandomText:
    """Letters, digits and blanks, `shortest` to `longest` of them."""

    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the wall clock when the operation is sent, moved by `earliest_us` to `latest_us` microseconds."""

    earliest_us: int = 0
    latest_us: int = 0


@dataclass(frozen=True, slots=True)
class FakerValue:
    """What a provider of Faker makes."""

    provider: str
    arguments: tuple[str | int, ...] = ()
    options: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values, by its weight; without weights each equally likely."""

    values: tuple[str, ...]
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always this."""

    value: str


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A pgbench expression over the operation's other parameters; `text` is how it was written."""

    text: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Nullable:
    """NULL with probability `share`, else the other."""

    share: float
    other: "Parameter"


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object; each member is drawn anew."""

    members: tuple[tuple[str, "Parameter"], ...]


ColumnParameter: TypeAlias = Sample | Once | RowValue | Fitted | FromStatistics | NewKey | Inserted | ZipfSample
"""The parameters that need something from a column of the clone."""

Parameter: TypeAlias = (
    ColumnParameter
    | ZipfRange
    | IntRange
    | FloatRange
    | DateRange
    | Truth
    | NewUuid
    | RandomText
    | Now
    | FakerValue
    | Choice
    | Fixed
    | Evaluated
    | Nullable
    | JsonObject
)


def walk(parameter: Parameter) -> Iterator[Parameter]:
    """`parameter` and those inside of it, outermost first."""
    yield parameter
    if isinstance(parameter, Nullable):
        yield from walk(parameter.other)
    elif isinstance(parameter, JsonObject):
        for _, member in parameter.members:
            yield from walk(member)
