"""What is known of a parameter of a statement: the column it belongs to, and its role."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a parameter does: it is compared, stored, or counts rows; TERM is a term of arithmetic with a column."""

    EQUAL = "equal"
    LOWER = "lower bound"
    UPPER = "upper bound"
    IN = "element of a list"
    ANY = "array"
    LIKE = "pattern"
    INSERTED = "inserted"
    SET = "set"
    TERM = "term"
    LIMIT = "limit"
    OFFSET = "offset"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """One use of `$number`: `table` as SQL writes it and `column` unquoted, both "" where no column is known.

    `type` is the type it is cast to, `function` the function it is an argument of, "" for none.
    """

    number: int
    table: str
    column: str
    role: Role
    type: str = ""
    function: str = ""


def main_use(uses: Iterable[ParameterUse], number: int) -> ParameterUse:
    """The use of `$number` that says most of it: one with a column before one without."""
    found = [use for use in uses if use.number == number]
    ranked = sorted(found, key=lambda use: (not use.column, use.role in (Role.TERM, Role.OTHER)))
    return ranked[0] if ranked else ParameterUse(number, "", "", Role.OTHER)
