"""How parameters are drawn: closures over the sources, one at a time or many at once."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import accumulate, count
from random import Random
from string import ascii_letters, digits
from typing import Any, Final, TypeAlias, assert_never
from uuid import UUID

from harness.spec.params.nodes import (
    Choice,
    DateRange,
    Evaluated,
    FakerValue,
    Fitted,
    Fixed,
    FloatRange,
    FromStatistics,
    Inserted,
    IntRange,
    JsonObject,
    NewKey,
    NewUuid,
    Now,
    Nullable,
    Once,
    Parameter,
    RandomText,
    RowValue,
    Sample,
    SampleColumn,
    SampledRow,
    Truth,
    ZipfRange,
    ZipfSample,
)
from harness.spec.params.sources import Sources
from harness.spec.params.statistics import fitted_draw, statistics_draw
from harness.spec.params.values import CompactValues
from harness.spec.pgbench.distributions import zipf_rank
from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.nodes import Value
from harness.spec.pgbench.values import to_text

Draw: TypeAlias = Callable[[Random], str | None]
"""Gives a value as text, None for NULL."""
_LETTERS: Final = ascii_letters + digits + " "
_BARE: Final = (IntRange, ZipfRange, FloatRange, Truth, NewKey)
"""Drawn values that JSON has without quotes."""


@dataclass(slots=True)
class Scope:
    """What the parameters of one operation share in one execution: the rows they took, and the values drawn so far.

    Two executions never draw at the same time, so that one scope serves all of an operation's.
    """

    rows: Mapping[tuple[str, str], SampledRow] = field(default_factory=dict)
    taken: dict[tuple[str, str], int] = field(default_factory=dict)
    leaders: set[tuple[str, str]] = field(default_factory=set)
    values: dict[str, Value] = field(default_factory=dict)


def compile_parameter(parameter: Parameter, *, sources: Sources, scope: Scope | None = None) -> Draw:
    """How `parameter` is drawn; ValueError for an unknown Faker provider, KeyError without its sample.

    Parameters that depend on others of their operation (row(), expr()) need `operation.compile_parameters`.
    """
    match parameter:
        case Sample() | Once() | Fitted() | FromStatistics() | NewKey() | Inserted() | ZipfSample():
            return _column(parameter, sources)
        case RowValue():
            return _row(parameter, sources, scope or Scope(_own_row(parameter)))
        case Evaluated():
            return _evaluated(parameter, sources, scope or Scope())
        case Nullable(share, other):
            return _nullable(share, compile_parameter(other, sources=sources, scope=scope))
        case JsonObject():
            return _json(parameter, sources, scope)
        case FakerValue():
            return _faker(parameter, sources.faker)
        case Now():
            return _now(parameter, sources.now)
        case _:
            return _made(parameter)


def _made(
    parameter: ZipfRange | IntRange | FloatRange | DateRange | Truth | NewUuid | RandomText | Choice | Fixed,
) -> Draw:
    """Parameters that need nothing but the random source."""
    match parameter:
        case ZipfRange(low, high, s):
            return lambda random: str(low - 1 + zipf_rank(random, high - low + 1, s))
        case IntRange(low, high):
            return lambda random: str(random.randint(low, high))
        case FloatRange():
            return _float(parameter)
        case DateRange(first, last):
            days = (last - first).days + 1
            return lambda random: (first + timedelta(int(random.random() * days))).isoformat()
        case Truth(share):
            return lambda random: "true" if random.random() < share else "false"
        case NewUuid():
            return _uuid
        case RandomText(shortest, longest):
            return lambda random: "".join(random.choices(_LETTERS, k=random.randint(shortest, longest)))
        case Choice():
            return _choice(parameter)
        case Fixed(fixed):
            return lambda _: fixed
        case _:
            assert_never(parameter)


def _column(
    parameter: Sample | Once | Fitted | FromStatistics | NewKey | Inserted | ZipfSample, sources: Sources
) -> Draw:
    samples, source = sources.samples, parameter.source
    match parameter:
        case Sample():
            return _sampled(samples.columns[source])
        case Once():
            return _once(samples.columns[source], _counter("once", source, 0, sources))
        case ZipfSample(_, s):
            ranked = samples.columns[source]
            return lambda random: ranked[zipf_rank(random, len(ranked), s) - 1]
        case Fitted():
            return fitted_draw(samples.statistics.get(source), samples.columns[source])
        case FromStatistics():
            return statistics_draw(samples.statistics[source])
        case NewKey():
            above = samples.new_keys[source].above
            return _uuid if above is None else _next(_counter("new_key", source, above + 1, sources))
        case Inserted():
            return _inserted(source, sources)
        case _:
            assert_never(parameter)


def _sampled(values: Sequence[str]) -> Draw:
    if isinstance(values, CompactValues):
        return values.picker()
    size = len(values)
    return lambda random: values[int(random.random() * size)]


def _counter(function: str, source: SampleColumn, first: int, sources: Sources) -> Iterator[int]:
    """first + lane, first + lane + lanes, …: shared by all operations of a process, never by two processes."""
    return sources.counters.setdefault((function, source), count(first + sources.lane, sources.lanes))


def _next(counter: Iterator[int]) -> Draw:
    return lambda _: str(next(counter))


def _once(values: Sequence[str], counter: Iterator[int]) -> Draw:
    def draw(random: Random) -> str:
        index = next(counter)
        return values[index if index < len(values) else int(random.random() * len(values))]

    return draw


def _inserted(source: SampleColumn, sources: Sources) -> Draw:
    """NULL where nothing was inserted and the table had no row: no row has that key, and no error comes of it."""
    ring: Sequence[str] = sources.inserted.ring(source) if sources.inserted is not None else ()
    sampled = sources.samples.columns.get(source, ())

    def draw(random: Random) -> str | None:
        values = ring or sampled
        return values[int(random.random() * len(values))] if values else None

    return draw


def _own_row(parameter: RowValue) -> dict[tuple[str, str], SampledRow]:
    source = parameter.source
    return {(source.table, parameter.row): SampledRow(source.table, (source.column,))}


def _row(parameter: RowValue, sources: Sources, scope: Scope) -> Draw:
    """The first parameter of a row takes one, the others read their columns of it."""
    name, taken = (parameter.source.table, parameter.row), scope.taken
    sampled = scope.rows[name]
    values = sources.samples.rows[sampled][sampled.columns.index(parameter.source.column)]
    size = len(values)
    if name in scope.leaders:
        return lambda _: values[taken[name]]
    scope.leaders.add(name)

    def draw(random: Random) -> str:
        index = taken[name] = int(random.random() * size)
        return values[index]

    return draw


def _evaluated(parameter: Evaluated, sources: Sources, scope: Scope) -> Draw:
    evaluate, values = compile_expression(parameter.expression), scope.values
    values.setdefault("default_seed", sources.seed)

    def draw(random: Random) -> str | None:
        value = evaluate(Client(random, values))
        return None if value is None else to_text(value)

    return draw


def _nullable(share: float, other: Draw) -> Draw:
    return lambda random: None if random.random() < share else other(random)


def _json(parameter: JsonObject, sources: Sources, scope: Scope | None) -> Draw:
    members = [
        (json.dumps(name) + ": ", isinstance(member, _BARE), compile_parameter(member, sources=sources, scope=scope))
        for name, member in parameter.members
    ]

    def draw(random: Random) -> str:
        parts = []
        for name, bare, member in members:
            value = member(random)
            parts.append(name + (value if bare and value is not None else json.dumps(value)))
        return "{" + ", ".join(parts) + "}"

    return draw


def _now(parameter: Now, now: Callable[[], str]) -> Draw:
    earliest, latest = parameter.earliest_us, parameter.latest_us
    if earliest == latest == 0:
        return lambda _: now()
    width = latest - earliest + 1

    def draw(random: Random) -> str:
        offset = earliest if width == 1 else earliest + int(random.random() * width)
        return (datetime.fromisoformat(now()) + timedelta(microseconds=offset)).isoformat()

    return draw


def _float(parameter: FloatRange) -> Draw:
    low, high, decimals = parameter.low, parameter.high, parameter.digits
    if decimals is None:
        return lambda random: repr(low + random.random() * (high - low))
    return lambda random: f"{low + random.random() * (high - low):.{decimals}f}"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _choice(parameter: Choice) -> Draw:
    values = parameter.values
    if not parameter.weights:
        return _sampled(values)
    ends = list(accumulate(parameter.weights))
    total, last = ends[-1], max(index for index, weight in enumerate(parameter.weights) if weight > 0)
    return lambda random: values[min(bisect_right(ends, random.random() * total), last)]


def _faker(parameter: FakerValue, faker: Any | None) -> Draw:
    try:
        provider = getattr(faker, parameter.provider)
    except AttributeError:
        near = get_close_matches(parameter.provider, [name for name in dir(faker) if not name.startswith("_")], n=1)
        raise ValueError(
            f"Faker has no provider {parameter.provider!r}" + (f"; did you mean {near[0]}?" if near else "")
        ) from None
    options = dict(parameter.options)
    return lambda _: str(provider(*parameter.arguments, **options))
