"""Parameter expressions of operations: `sample(orders.id)`, `int(1, 9)`, … as frozen types, and how each is drawn."""

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from random import Random
from typing import Any, Final, TypeAlias, assert_never
from uuid import UUID

from harness.spec.pgbench.distributions import zipf_rank

DEFAULT_ZIPF: Final = 1.07
"""Skew of zipf() without one: the value of the manual's own random_zipfian example (pgbench, "hash")."""
_CALL: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*\((.*)\)\s*", re.DOTALL)
_ARGUMENT: Final = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)""", re.DOTALL)
_COLUMN: Final = re.compile(r'(?P<table>(?:[^."]|"(?:[^"]|"")*")+(?:\.(?:[^."]|"(?:[^"]|"")*")+)?)\.(?P<column>[^.]+)')
_FUNCTIONS: Final = ("sample", "zipf", "int", "uuid", "text", "now", "faker", "choice")
_LETTERS: Final = string.ascii_letters + string.digits + " "
_MAX_TEXT: Final = 1_000_000  # a megabyte per value is no application's parameter but a slip of the pen


@dataclass(frozen=True, slots=True, order=True)
class SampleColumn:
    """A column whose values the clone must give: `table` as SQL would write it, `column` folded as SQL would."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of the column, each sampled row equally likely."""

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
class NewUuid:
    """A random UUID, version 4."""


@dataclass(frozen=True, slots=True)
class RandomText:
    """Letters, digits and blanks, `shortest` to `longest` of them."""

    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the wall clock when the operation is sent."""


@dataclass(frozen=True, slots=True)
class FakerValue:
    """What a provider of Faker makes."""

    provider: str
    arguments: tuple[str | int, ...] = ()
    options: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values, each equally likely."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always this."""

    value: str


Parameter: TypeAlias = (
    Sample | ZipfSample | ZipfRange | IntRange | NewUuid | RandomText | Now | FakerValue | Choice | Fixed
)
Samples: TypeAlias = Mapping[SampleColumn, Sequence[str]]
Draw: TypeAlias = Callable[[Random], str]


@dataclass(frozen=True, slots=True)
class Sources:
    """What drawing needs from outside: sampled values, the wall clock as text, a Faker (None where nothing asks)."""

    samples: Samples
    now: Callable[[], str]
    faker: Any | None = None


def parse_parameter(value: str | float) -> Parameter:
    """The parameter that `value` of the scenario means; ValueError says what is wrong and the way out.

    Text that is no function call is a constant.

    >>> parse_parameter("sample(orders.id)"), parse_parameter("int(1, 9)"), parse_parameter(7)
    (Sample(source=SampleColumn(table='orders', column='id')), IntRange(low=1, high=9), Fixed(value='7'))
    """
    if isinstance(value, bool):
        return Fixed("true" if value else "false")
    call = _CALL.fullmatch(value) if isinstance(value, str) else None
    if call is None:
        return Fixed(str(value))
    name, arguments = call[1].lower(), _arguments(call[2])
    if name not in _FUNCTIONS:
        near = get_close_matches(name, _FUNCTIONS, n=1)
        way_out = f"did you mean {near[0]}()?" if near else f"the functions are {', '.join(_FUNCTIONS)}"
        raise ValueError(f"unknown function {call[1]}(); {way_out} (for the text itself, write choice('…'))")
    return _BUILDERS[name](arguments)


def needed_columns(parameters: Sequence[Parameter]) -> tuple[SampleColumn, ...]:
    """The columns that `parameters` sample, each once, sorted."""
    return tuple(sorted({p.source for p in parameters if isinstance(p, Sample | ZipfSample)}))


def needs_faker(parameters: Sequence[Parameter]) -> bool:
    """Whether any of them asks for Faker, which takes a while to import."""
    return any(isinstance(parameter, FakerValue) for parameter in parameters)


def compile_parameter(parameter: Parameter, *, sources: Sources) -> Draw:
    """How `parameter` is drawn, as text; ValueError for an unknown Faker provider, KeyError without a sample."""
    match parameter:
        case Sample(source):
            values = sources.samples[source]
            return lambda random: values[int(random.random() * len(values))]
        case ZipfSample(source, s):
            ranked = sources.samples[source]
            return lambda random: ranked[zipf_rank(random, len(ranked), s) - 1]
        case ZipfRange(low, high, s):
            return lambda random: str(low - 1 + zipf_rank(random, high - low + 1, s))
        case IntRange(low, high):
            return lambda random: str(random.randint(low, high))
        case NewUuid():
            return lambda random: str(UUID(int=random.getrandbits(128), version=4))
        case RandomText(shortest, longest):
            return lambda random: "".join(random.choices(_LETTERS, k=random.randint(shortest, longest)))
        case Now():
            return lambda _: sources.now()
        case FakerValue():
            return _faker(parameter, sources.faker)
        case Choice(choices):
            return lambda random: choices[int(random.random() * len(choices))]
        case Fixed(fixed):
            return lambda _: fixed
        case _:
            assert_never(parameter)


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


def _arguments(text: str) -> list[str]:
    arguments, at = [], 0
    while at < len(text):
        match = _ARGUMENT.match(text, at)
        if match is None:
            raise ValueError(f"cannot read the arguments ({text}); separate them by commas, quote text that has some")
        single, double, plain = match.groups()
        if single is not None:
            arguments.append(single.replace("''", "'"))
        elif double is not None and text[match.end(2) + 1 : match.end()].strip() in ("", ","):
            arguments.append(double.replace('""', '"'))
        else:
            arguments.append(plain)
        at = match.end()
    return arguments


def _sample(arguments: list[str]) -> Parameter:
    if len(arguments) != 1:
        raise ValueError("sample() takes one column, like sample(orders.id)")
    return Sample(_column(arguments[0]))


def _column(text: str) -> SampleColumn:
    match = _COLUMN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no column; write table.column or schema.table.column")
    column = match["column"]
    quoted = column.startswith('"') and column.endswith('"')
    return SampleColumn(match["table"], column[1:-1].replace('""', '"') if quoted else column.lower())


def _zipf(arguments: list[str]) -> Parameter:
    if arguments and _COLUMN.fullmatch(arguments[0]) and len(arguments) <= 2:
        return ZipfSample(_column(arguments[0]), _skew(arguments[1:]))
    if len(arguments) in (2, 3):
        low, high = _range(arguments[:2], "zipf")
        return ZipfRange(low, high, _skew(arguments[2:]))
    raise ValueError("zipf() takes a column or a range, and a skew: zipf(orders.id, 1.2) or zipf(1, 1000, 1.2)")


def _skew(arguments: list[str]) -> float:
    if not arguments:
        return DEFAULT_ZIPF
    s = float(arguments[0]) if re.fullmatch(r"\d+(\.\d*)?", arguments[0]) else 0.0
    if not 1.0 < s <= 1000.0:
        raise ValueError(f"zipf()'s skew {arguments[0]} is not a number above 1 (and at most 1000)")
    return s


def _int(arguments: list[str]) -> Parameter:
    if len(arguments) != 2:
        raise ValueError("int() takes the least and the greatest value, like int(1, 1000)")
    return IntRange(*_range(arguments, "int"))


def _range(arguments: list[str], function: str) -> tuple[int, int]:
    try:
        low, high = (int(argument) for argument in arguments)
    except ValueError:
        raise ValueError(f"{function}()'s bounds must be integers, not ({', '.join(arguments)})") from None
    if low > high:
        raise ValueError(f"{function}()'s range is empty: {low} is greater than {high}")
    return low, high


def _text(arguments: list[str]) -> Parameter:
    if len(arguments) not in (1, 2):
        raise ValueError("text() takes a length, or the shortest and the longest, like text(20) or text(5, 80)")
    shortest, longest = _range(arguments * 2 if len(arguments) == 1 else arguments, "text")
    if shortest < 0 or longest > _MAX_TEXT:
        raise ValueError(f"text()'s length must be between 0 and {_MAX_TEXT:,}")
    return RandomText(shortest, longest)


def _no_arguments(function: str, parameter: Parameter) -> Callable[[list[str]], Parameter]:
    def build(arguments: list[str]) -> Parameter:
        if arguments:
            raise ValueError(f"{function}() takes no arguments")
        return parameter

    return build


def _faker_value(arguments: list[str]) -> Parameter:
    if not arguments or not arguments[0].isidentifier():
        raise ValueError("faker() takes a provider, like faker(email) or faker(text, max_nb_chars=80)")
    positional: list[str | int] = []
    options: list[tuple[str, str | int]] = []
    for argument in arguments[1:]:
        name, equals, value = argument.partition("=")
        if equals and name.strip().isidentifier():
            options.append((name.strip(), _scalar(value.strip())))
        else:
            positional.append(_scalar(argument))
    return FakerValue(arguments[0], tuple(positional), tuple(options))


def _scalar(text: str) -> str | int:
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _choice(arguments: list[str]) -> Parameter:
    if not arguments:
        raise ValueError("choice() takes at least one value, like choice(new, paid, sent)")
    return Choice(tuple(arguments))


_BUILDERS: Final[Mapping[str, Callable[[list[str]], Parameter]]] = {
    "sample": _sample,
    "zipf": _zipf,
    "int": _int,
    "uuid": _no_arguments("uuid", NewUuid()),
    "text": _text,
    "now": _no_arguments("now", Now()),
    "faker": _faker_value,
    "choice": _choice,
}
