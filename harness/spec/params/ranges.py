"""Reads parameters of a range: whole and other numbers, days, times, lengths, shares."""

import math
import re
from datetime import date
from typing import Final

from harness.spec.params.arguments import Argument
from harness.spec.params.nodes import DateRange, FloatRange, IntRange, Now, Parameter, RandomText, Truth

MAX_TEXT: Final = 1_000_000
"""Longest text(): a megabyte per value is no application's parameter but a slip of the pen."""
MAX_DIGITS: Final = 15
"""Most decimals of float(): a double has no more that are exact."""
MAX_OFFSET_US: Final = 1_000 * 366 * 86_400 * 1_000_000
"""Farthest that now() moves: a thousand years, which every timestamp holds."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_OFFSET: Final = re.compile(r"([-+]?\d+)\s*([a-z]*)", re.IGNORECASE)
_UNIT_US: Final = {"w": 7 * 86_400_000_000, "d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000}
_SMALL_UNIT_US: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}
UNITS: Final = {**_UNIT_US, **_SMALL_UNIT_US}
"""Microseconds of each unit that now() takes, greatest first."""
_LONG_UNITS: Final = {"week": "w", "day": "d", "hour": "h", "minute": "min", "second": "s"}


def number(text: str) -> float | None:
    """The finite number that `text` is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def share(text: str, function: str) -> float:
    """A probability; ValueError where `text` is none."""
    value = number(text)
    if value is None or not 0.0 <= value <= 1.0:
        raise ValueError(f"{function}()'s share {text!r} is not a number between 0 and 1")
    return value


def whole_range(texts: list[str], function: str) -> tuple[int, int]:
    """Two whole numbers, the first not greater; ValueError else."""
    try:
        low, high = (int(text) for text in texts)
    except ValueError:
        raise ValueError(f"{function}()'s bounds must be integers, not ({', '.join(texts)})") from None
    if low > high:
        raise ValueError(f"{function}()'s range is empty: {low} is greater than {high}")
    return low, high


def int_call(arguments: list[Argument]) -> Parameter:
    """int(least, greatest)."""
    if len(arguments) != 2:
        raise ValueError("int() takes the least and the greatest value, like int(1, 1000)")
    return IntRange(*whole_range([argument.text for argument in arguments], "int"))


def float_call(arguments: list[Argument]) -> Parameter:
    """float(least, greatest) or float(least, greatest, decimals)."""
    if len(arguments) not in (2, 3):
        raise ValueError("float() takes a range, and how many decimals: float(0.5, 99.5) or float(0, 100, 2)")
    low, high = (number(argument.text) for argument in arguments[:2])
    if low is None or high is None or not math.isfinite(high - low):
        raise ValueError(f"float()'s bounds must be numbers, not ({arguments[0].text}, {arguments[1].text})")
    if low > high:
        raise ValueError(f"float()'s range is empty: {low:g} is greater than {high:g}")
    digits = None
    if len(arguments) == 3:
        digits, _ = whole_range([arguments[2].text] * 2, "float")
        if not 0 <= digits <= MAX_DIGITS:
            raise ValueError(f"float()'s decimals must be between 0 and {MAX_DIGITS}")
    return FloatRange(low, high, digits)


def date_call(arguments: list[Argument]) -> Parameter:
    """date(first, last)."""
    texts = [argument.text for argument in arguments]
    if len(texts) != 2 or not all(_DATE.fullmatch(text) for text in texts):
        raise ValueError("date() takes the first and the last day, like date(2024-01-01, 2024-12-31)")
    first, last = (date.fromisoformat(text) for text in texts)
    if first > last:
        raise ValueError(f"date()'s range is empty: {first} is later than {last}")
    return DateRange(first, last)


def truth_call(arguments: list[Argument]) -> Parameter:
    """bool() or bool(share of true)."""
    if len(arguments) > 1:
        raise ValueError("bool() takes the share of true, like bool(0.2)")
    return Truth(share(arguments[0].text, "bool") if arguments else 0.5)


def text_call(arguments: list[Argument]) -> Parameter:
    """text(length) or text(shortest, longest)."""
    texts = [argument.text for argument in arguments]
    if len(texts) not in (1, 2):
        raise ValueError("text() takes a length, or the shortest and the longest, like text(20) or text(5, 80)")
    shortest, longest = whole_range(texts * 2 if len(texts) == 1 else texts, "text")
    if shortest < 0 or longest > MAX_TEXT:
        raise ValueError(f"text()'s length must be between 0 and {MAX_TEXT:,}")
    return RandomText(shortest, longest)


def now_call(arguments: list[Argument]) -> Parameter:
    """now(), now(offset) or now(earliest, latest)."""
    if len(arguments) > 2:
        raise ValueError("now() takes nothing, an offset or a range of them, like now(-1 day) or now(-1 day, -1 hour)")
    offsets = [_offset_us(argument.text) for argument in arguments] or [0]
    if offsets[0] > offsets[-1]:
        raise ValueError(f"now()'s range is empty: {arguments[0].text} is later than {arguments[1].text}")
    return Now(offsets[0], offsets[-1])


def _offset_us(text: str) -> int:
    match = _OFFSET.fullmatch(text.strip())
    word = match[2].lower() if match else ""
    singular = word.removesuffix("s") if len(word) > 2 else word
    unit = UNITS.get(word) or UNITS.get(singular) or UNITS.get(_LONG_UNITS.get(singular, ""))
    if match is None or (unit is None and int(match[1])):
        raise ValueError(f"now()'s offset {text!r} is not like -1 day; the units are {', '.join(UNITS)}")
    offset = int(match[1]) * (unit or 0)
    if abs(offset) > MAX_OFFSET_US:
        raise ValueError(f"now()'s offset {text!r} is more than a thousand years")
    return offset
