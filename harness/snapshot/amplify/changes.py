"""How the values of a domain become others in each copy, as SQL: every way is one-to-one, and no two copies meet."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from psycopg import sql

from harness.snapshot.amplify.catalog import Column

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Shift:
    """Numbers: copy k gets k × `offset` added, where the offset is the width of the range that all values lie in."""

    offset: int


@dataclass(frozen=True, slots=True)
class Rekey:
    """UUIDs: a hash of value and copy; version, variant and the time of versions 6 and 7 are kept."""


@dataclass(frozen=True, slots=True)
class Renumber:
    """Texts that all end in `width` digits: the number they make is shifted by k × `offset` and stays as wide."""

    width: int
    offset: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Texts: `separator`, which no value has, and the copy's number; before the @ where there is one."""

    separator: str


Change: TypeAlias = Shift | Rekey | Renumber | Mark


def base36(number: int) -> str:
    """Digits and small letters.

    >>> base36(0), base36(35), base36(999)
    ('0', 'z', 'rr')
    """
    head, last = divmod(number, 36)
    return (base36(head) if head else "") + _DIGITS[last]


def expression(column: Column, change: Change | None, *, copy: int) -> sql.Composable:
    """The column's value in this copy, from the original's."""
    name = sql.Identifier(column.name)
    match change:
        case None:
            return name
        case Shift(offset=offset):
            changed = sql.SQL("({} + {})").format(name, sql.Literal(copy * offset))
        case Rekey():
            changed = _REKEYED.format(value=name, copy=sql.Literal(f":{copy}"))
        case Renumber(width=width, offset=offset):
            changed = _RENUMBERED.format(value=name, width=sql.Literal(width), by=sql.Literal(copy * offset))
        case Mark(separator=separator):
            changed = _MARKED.format(value=name, mark=sql.Literal(separator + base36(copy)))
    # The type's name is the server's own text, domains and lengths included.
    kind: str = column.type
    return sql.SQL("{}::{}").format(changed, sql.SQL(kind))


_REKEYED: Final = sql.SQL(
    "(SELECT CASE WHEN substr(v, 15, 1) IN ('6', '7')"
    " THEN left(v, 15) || substr(h, 1, 3) || '-' || substr(v, 20, 1) || substr(h, 4, 3) || '-' || substr(h, 7, 12)"
    " ELSE substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(v, 15, 1) || substr(h, 13, 3) || '-'"
    " || substr(v, 20, 1) || substr(h, 16, 3) || '-' || substr(h, 19, 12) END"
    " FROM (SELECT {value}::text AS v, md5({value}::text || {copy}) AS h) AS of)"
)
_RENUMBERED: Final = sql.SQL(
    "(left({value}::text, length({value}::text) - {width})"
    " || lpad((right({value}::text, {width})::bigint + {by})::text, {width}, '0'))"
)
_MARKED: Final = sql.SQL(
    "(CASE WHEN {value}::text LIKE '%@%' THEN regexp_replace({value}::text, '@', {mark} || '@')"
    " ELSE {value}::text || {mark} END)"
)
