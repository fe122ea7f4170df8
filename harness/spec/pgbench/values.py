"""The values of pgbench expressions: coercion, text, truth, 64-bit arithmetic; each failure carries its SQLSTATE."""

import math
import re
from typing import Final

from harness.spec.pgbench.nodes import Value

INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)
_MASK64: Final = 2**64 - 1
_SPECIAL: Final = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
_TRUE_WORDS: Final = ("true", "yes")
_FALSE_WORDS: Final = ("false", "no")
_INTEGER: Final = re.compile(r"\s*[-+]?[0-9]+\s*")
# What C's strtod() takes, from its beginning to the text's end.
_DOUBLE: Final = re.compile(r"\s*[-+]?(?:[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)")
_NOT_FINITE: Final = re.compile(r"\s*[-+]?(?:inf(?:inity)?|nan)", re.IGNORECASE)


class ExpressionError(ValueError):
    """An expression cannot be read or evaluated; `sqlstate` is the state PostgreSQL has for the same fault."""

    def __init__(self, message: str, *, sqlstate: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


def typed(value: Value) -> int | float | bool | None:
    """The value a variable's text stands for: NULL, a boolean word or its prefix, an integer, a double; else 22P02.

    >>> typed("12"), typed("1e3"), typed("t"), typed("null")
    (12, 1000.0, True, None)
    """
    if not isinstance(value, str):
        return value
    word = value.lower()
    if word == "null":
        return None
    if word and (any(full.startswith(word) for full in _TRUE_WORDS) or word == "on"):
        return True
    if word and (any(full.startswith(word) for full in _FALSE_WORDS) or word in ("off", "of")):
        return False
    return _number(value)


def _number(text: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return in_range(int(text), "bigint")
    if _NOT_FINITE.fullmatch(text) or (_DOUBLE.fullmatch(text) and math.isfinite(float(text))):
        return float(text)
    raise ExpressionError("a variable's text is not a number, boolean or NULL", sqlstate="22P02")


def to_text(value: Value) -> str:
    """The text that replaces a variable in SQL: doubles with 15 significant digits, booleans in words, NULL as NULL.

    >>> to_text(0.1 + 0.2), to_text(True), to_text(None), to_text(-7)
    ('0.3', 'true', 'NULL', '-7')
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _SPECIAL.get(str(value)) or f"{value:.15g}"
    return str(value)


def is_true(value: Value) -> bool:
    """The truth of a condition (`\\if`, CASE WHEN): NULL, 0 and 0.0 are false.

    >>> [is_true(v) for v in (None, 0, 0.5, True)]
    [False, False, True, True]
    """
    return bool(typed(value))


def as_int(value: Value) -> int:
    """The integer of a number; doubles round half to even, as C's rint(); 22003 out of range, 42804 for booleans."""
    value = typed(value)
    if isinstance(value, bool) or value is None:
        raise _cannot(value, "int")
    if isinstance(value, int):
        return value
    if math.isnan(value) or math.isinf(value):
        raise ExpressionError("double to int overflow", sqlstate="22003")
    return in_range(round(value), "double to int")


def as_double(value: Value) -> float:
    """The double of a number; 42804 for booleans."""
    value = typed(value)
    if isinstance(value, bool) or value is None:
        raise _cannot(value, "double")
    return float(value)


def as_bool(value: Value) -> bool:
    """The boolean itself; 42804 for anything else."""
    value = typed(value)
    if not isinstance(value, bool):
        raise _cannot(value, "boolean")
    return value


def _cannot(value: Value, to: str) -> ExpressionError:
    kind = "NULL" if value is None else {bool: "boolean", int: "int", float: "double"}.get(type(value), "text")
    return ExpressionError(f"cannot coerce {kind} to {to}", sqlstate="42804")


def in_range(value: int, what: str) -> int:
    """`value` when it fits in 64 bits; 22003 otherwise."""
    if INT64_MIN <= value <= INT64_MAX:
        return value
    raise ExpressionError(f"{what} out of range", sqlstate="22003")


def wrap(value: int) -> int:
    """The low 64 bits of `value` as a signed integer."""
    value &= _MASK64
    return value - 2**64 if value > INT64_MAX else value
