"""Reads parameter expressions of the scenario."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final, TypeAlias

from harness.spec.params.arguments import Argument, split_arguments
from harness.spec.params.columns import (
    column_call,
    is_column,
    row_call,
    the_column,
)
from harness.spec.params.nodes import (
    Choice,
    Evaluated,
    FakerValue,
    Fitted,
    Fixed,
    FromStatistics,
    Inserted,
    JsonObject,
    NewKey,
    NewUuid,
    Nullable,
    Once,
    Parameter,
    RowValue,
    Sample,
    ZipfRange,
    ZipfSample,
    walk,
)
from harness.spec.params.ranges import (
    date_call,
    float_call,
    int_call,
    now_call,
    number,
    share,
    text_call,
    truth_call,
    whole_range,
)
from harness.spec.pgbench.expressions import parse_expression

DEFAULT_ZIPF: Final = 1.07
"""Skew of zipf() without one: the value of the manual's own random_zipfian example (pgbench, "hash")."""
MAX_DEPTH: Final = 16
"""Functions inside of functions; more would be a generated file gone wrong."""
_CALL: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*\((.*)\)\s*", re.DOTALL)
_WEIGHTED: Final = re.compile(r"(.*\S)\s*:\s+(\S+)", re.DOTALL)  # 12:30 is a time, `new: 3` a weight
_GREATEST_SKEW: Final = 1000.0

_Build: TypeAlias = Callable[[list[Argument]], Parameter]


def parse_parameter(value: str | float) -> Parameter:
    """The parameter that `value` of the scenario means; ValueError says what is wrong and the way out.

    Text that is no function call is a constant.

    >>> parse_parameter("sample(orders.id)"), parse_parameter("int(1, 9)"), parse_parameter(7)
    (Sample(source=SampleColumn(table='orders', column='id')), IntRange(low=1, high=9), Fixed(value='7'))
    """
    if isinstance(value, bool):
        return Fixed("true" if value else "false")
    return _parse(value, depth=0) if isinstance(value, str) else Fixed(str(value))


def _parse(text: str, *, depth: int) -> Parameter:
    call = _CALL.fullmatch(text)
    if call is None:
        return Fixed(text)
    name = call[1].lower()
    if depth > MAX_DEPTH:
        raise ValueError(f"{name}() is inside of more than {MAX_DEPTH} other functions")
    if name == "expr":
        return _expression(call[2])
    if name == "null":
        return _null(split_arguments(call[2]), depth=depth)
    if name == "json":
        return _json(split_arguments(call[2]), depth=depth)
    if name not in _BUILDERS:
        near = get_close_matches(name, FUNCTIONS, n=1)
        way_out = f"did you mean {near[0]}()?" if near else f"the functions are {', '.join(FUNCTIONS)}"
        raise ValueError(f"unknown function {call[1]}(); {way_out} (for the text itself, write choice('…'))")
    return _BUILDERS[name](split_arguments(call[2]))


def _expression(text: str) -> Parameter:
    try:
        return Evaluated(text.strip(), parse_expression(text))
    except RecursionError:
        raise ValueError("expr() is nested too deeply") from None


def _null(arguments: list[Argument], *, depth: int) -> Parameter:
    if len(arguments) != 2:
        raise ValueError("null() takes a share and what else to draw, like null(0.1, sample(orders.id))")
    return Nullable(share(arguments[0].text, "null"), _inside(arguments[1], "null", depth=depth))


def _json(arguments: list[Argument], *, depth: int) -> Parameter:
    members: dict[str, Parameter] = {}
    for argument in arguments:
        name, colon, value = (
            (argument.text, argument.rest[:1], argument.rest[1:]) if argument.quoted else argument.text.partition(":")
        )
        if not colon or not name.strip():
            raise ValueError("json() takes members with their values, like json(kind: choice(a, b), n: int(1, 9))")
        (inner,) = split_arguments(value) or [Argument("")]
        members[name if argument.quoted else name.strip()] = _inside(inner, "json", depth=depth)
    return JsonObject(tuple(members.items()))


def _inside(argument: Argument, function: str, *, depth: int) -> Parameter:
    if argument.quoted:
        if argument.rest:
            raise ValueError(f"{function}() cannot read {argument.rest!r} after the quoted text")
        return Fixed(argument.text)
    inner = _parse(argument.text, depth=depth + 1)
    if any(isinstance(parameter, RowValue) for parameter in walk(inner)):
        raise ValueError(f"row() stands by itself, not inside of {function}(): all of its columns come together")
    return inner


def _zipf(arguments: list[Argument]) -> Parameter:
    texts = [argument.text for argument in arguments]
    if texts and is_column(texts[0]) and len(texts) <= 2:
        return ZipfSample(the_column(texts[0]), _skew(texts[1:]))
    if len(texts) in (2, 3):
        low, high = whole_range(texts[:2], "zipf")
        return ZipfRange(low, high, _skew(texts[2:]))
    raise ValueError("zipf() takes a column or a range, and a skew: zipf(orders.id, 1.2) or zipf(1, 1000, 1.2)")


def _skew(texts: list[str]) -> float:
    if not texts:
        return DEFAULT_ZIPF
    s = number(texts[0])
    if s is None or not 1.0 < s <= _GREATEST_SKEW:
        raise ValueError(f"zipf()'s skew {texts[0]} is not a number above 1 (and at most 1000)")
    return s


def _uuid(arguments: list[Argument]) -> Parameter:
    if arguments:
        raise ValueError("uuid() takes no arguments")
    return NewUuid()


def _faker(arguments: list[Argument]) -> Parameter:
    if not arguments or not arguments[0].text.isidentifier():
        raise ValueError("faker() takes a provider, like faker(email) or faker(text, max_nb_chars=80)")
    positional: list[str | int] = []
    options: list[tuple[str, str | int]] = []
    for argument in arguments[1:]:
        name, equals, value = argument.text.partition("=")
        if argument.quoted:
            positional.append(argument.text)
        elif equals and name.strip().isidentifier():
            options.append((name.strip(), _scalar(value.strip())))
        else:
            positional.append(_scalar(argument.text))
    return FakerValue(arguments[0].text, tuple(positional), tuple(options))


def _scalar(text: str) -> str | int:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    arguments = split_arguments(text) if text.startswith("'") else []
    return arguments[0].text if len(arguments) == 1 else text


def _choice(arguments: list[Argument]) -> Parameter:
    if not arguments:
        raise ValueError("choice() takes at least one value, like choice(new, paid, sent) or choice(new: 3, paid: 1)")
    weighted = [_weighted(argument) for argument in arguments]
    values = tuple(value for value, _ in weighted)
    if all(weight is None for _, weight in weighted):
        return Choice(values)
    weights = tuple(1.0 if weight is None else weight for _, weight in weighted)
    if sum(weights) <= 0:
        raise ValueError("choice()'s weights are all 0")
    return Choice(values, weights)


def _weighted(argument: Argument) -> tuple[str, float | None]:
    value, written = argument.text, argument.rest[1:].strip()
    if not argument.quoted:
        match = _WEIGHTED.fullmatch(value)
        if match is None or number(match[2]) is None:
            return value, None
        value, written = match[1], match[2]
    elif not argument.rest:
        return value, None
    weight = number(written)
    if weight is None or weight < 0:
        raise ValueError(f"choice()'s weight {written!r} is not a number of 0 or more")
    return value, weight


_BUILDERS: Final[Mapping[str, _Build]] = {
    "sample": column_call("sample", Sample),
    "row": row_call,
    "once": column_call("once", Once),
    "zipf": _zipf,
    "fitted": column_call("fitted", Fitted),
    "stats": column_call("stats", FromStatistics),
    "new_key": column_call("new_key", NewKey),
    "inserted": column_call("inserted", Inserted),
    "int": int_call,
    "float": float_call,
    "bool": truth_call,
    "text": text_call,
    "uuid": _uuid,
    "now": now_call,
    "date": date_call,
    "choice": _choice,
    "faker": _faker,
}
FUNCTIONS: Final = (*_BUILDERS, "expr", "null", "json")
"""The names of all functions, in the manual's order."""
