"""Writes parameters as the scenario would: what `parse_parameter` reads back as the same."""

from harness.spec.params.columns import write_column
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
    Truth,
    ZipfRange,
    ZipfSample,
)
from harness.spec.params.ranges import UNITS


def write_parameter(parameter: Parameter) -> str:
    """The text of `parameter`; a constant that looks like a function cannot be said, but as choice('…').

    >>> from harness.spec.params.parse import parse_parameter
    >>> write_parameter(parse_parameter(" NULL( .5, Choice( a , b:  2))"))
    "null(0.5, choice('a': 1, 'b': 2))"
    """
    match parameter:
        case Fixed(value):
            return value
        case Evaluated(text, _):
            return f"expr({text})"
        case _:
            name, arguments = _call(parameter)
            return f"{name}({', '.join(arguments)})"


def _call(parameter: Parameter) -> tuple[str, list[str]]:
    match parameter:
        case Sample(source):
            return "sample", [write_column(source)]
        case Once(source):
            return "once", [write_column(source)]
        case RowValue(source, row):
            return "row", [write_column(source), *([_quoted(row)] if row else [])]
        case Fitted(source):
            return "fitted", [write_column(source)]
        case FromStatistics(source):
            return "stats", [write_column(source)]
        case NewKey(source):
            return "new_key", [write_column(source)]
        case Inserted(source):
            return "inserted", [write_column(source)]
        case ZipfSample(source, s):
            return "zipf", [write_column(source), _number(s)]
        case _:
            return _plain_call(parameter)


def _plain_call(parameter: Parameter) -> tuple[str, list[str]]:
    match parameter:
        case ZipfRange(low, high, s):
            return "zipf", [str(low), str(high), _number(s)]
        case IntRange(low, high):
            return "int", [str(low), str(high)]
        case FloatRange(least, greatest, digits):
            return "float", [_number(least), _number(greatest), *([] if digits is None else [str(digits)])]
        case DateRange(first, last):
            return "date", [first.isoformat(), last.isoformat()]
        case Truth(share):
            return "bool", [_number(share)]
        case NewUuid():
            return "uuid", []
        case RandomText(shortest, longest):
            return "text", [str(shortest), str(longest)]
        case Now(earliest, latest):
            return "now", _offsets(earliest, latest)
        case _:
            return _outer_call(parameter)


def _outer_call(parameter: Parameter) -> tuple[str, list[str]]:
    match parameter:
        case FakerValue(provider, arguments, options):
            return "faker", [provider, *map(_scalar, arguments), *(f"{name}={_scalar(v)}" for name, v in options)]
        case Choice(values, weights):
            if not weights:
                return "choice", [_quoted(value) for value in values]
            return "choice", [f"{_quoted(v)}: {_number(w)}" for v, w in zip(values, weights, strict=True)]
        case Nullable(share, other):
            return "null", [_number(share), _inside(other)]
        case JsonObject(members):
            return "json", [f"{_quoted(name)}: {_inside(member)}" for name, member in members]
        case _:
            raise AssertionError(f"{type(parameter).__name__} has no text")


def _inside(parameter: Parameter) -> str:
    return _quoted(parameter.value) if isinstance(parameter, Fixed) else write_parameter(parameter)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _scalar(value: str | int) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _offsets(earliest: int, latest: int) -> list[str]:
    if earliest == latest:
        return [] if not earliest else [_offset(earliest)]
    return [_offset(earliest), _offset(latest)]


def _offset(us: int) -> str:
    unit, length = next((unit, length) for unit, length in UNITS.items() if us % length == 0)
    return f"{us // length} {unit}"
