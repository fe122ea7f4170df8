"""Types as PostgreSQL's format_type() writes them, from the parser's names: `pg_catalog.int4` is `integer`."""

from collections.abc import Mapping
from typing import Any, Final

from harness.snapshot.anonymize.sql_trees import expression_text

_WORDS: Final[Mapping[str, str]] = {
    "int2": "smallint",
    "int4": "integer",
    "int": "integer",
    "int8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "varbit": "bit varying",
    "char": '"char"',
}
"""What format_type() calls the types whose catalog names are others (format_type.c)."""

SERIALS: Final = frozenset({"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"})
"""Not types but short for an integer with a sequence's default (manual, 8.1.4)."""

_ZONED: Final[Mapping[str, tuple[str, str]]] = {
    "timestamp": ("timestamp", "without time zone"),
    "timestamptz": ("timestamp", "with time zone"),
    "time": ("time", "without time zone"),
    "timetz": ("time", "with time zone"),
}
# Bits of interval's first modifier (datetime.h: MONTH 1, YEAR 2, DAY 3, HOUR 10, MINUTE 11, SECOND 12).
_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND = 4, 2, 8, 1024, 2048, 4096
_FIELDS: Final[Mapping[int, str]] = {
    _YEAR: " year",
    _MONTH: " month",
    _YEAR | _MONTH: " year to month",
    _DAY: " day",
    _HOUR: " hour",
    _MINUTE: " minute",
    _SECOND: " second",
    _DAY | _HOUR: " day to hour",
    _DAY | _HOUR | _MINUTE: " day to minute",
    _DAY | _HOUR | _MINUTE | _SECOND: " day to second",
    _HOUR | _MINUTE: " hour to minute",
    _HOUR | _MINUTE | _SECOND: " hour to second",
    _MINUTE | _SECOND: " minute to second",
}

TEXTS: Final = frozenset({"text", "character varying", "character", "citext", "public.citext", "name"})
INTEGERS: Final = frozenset({"smallint", "integer", "bigint"})
NUMBERS: Final = INTEGERS | {"numeric", "real", "double precision", "money"}
TIMES: Final = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
DOCUMENTS: Final = frozenset({"json", "jsonb"})
ADDRESSES: Final = frozenset({"inet", "cidr", "macaddr", "macaddr8"})

_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyz_")
_REST: Final = _FIRST | frozenset("0123456789$")


def type_names(node: Any) -> tuple[str, ...]:
    """The parts of a type's name: ("pg_catalog", "int4"), ("public", "year"), ("serial",)."""
    return tuple(str(part.string.sval) for part in node.names)


def type_text(node: Any) -> str:
    """The type of a parsed TypeName as format_type() writes it with an empty search path."""
    names = type_names(node)
    arrays = "[]" if node.array_bounds else ""
    if len(names) == 1 or names[0] == "pg_catalog":
        return _built_in(names[-1], [_modifier(one) for one in node.typmods]) + arrays
    modifiers = f"({','.join(_modifier(one) for one in node.typmods)})" if node.typmods else ""
    return ".".join(quoted(name) for name in names) + modifiers + arrays


def _built_in(name: str, modifiers: list[str]) -> str:
    if name in _ZONED:
        word, zone = _ZONED[name]
        return f"{word}({modifiers[0]}) {zone}" if modifiers else f"{word} {zone}"
    if name == "interval":
        return _interval(modifiers)
    # The grammar gives CHAR the length of 1 that the standard says (gram.y); format_type() writes it out too.
    word = _WORDS.get(name) or quoted(name)
    return f"{word}({','.join(modifiers)})" if modifiers else word


def _interval(modifiers: list[str]) -> str:
    fields = _FIELDS.get(int(modifiers[0]), "") if modifiers else ""
    precision = f"({modifiers[1]})" if len(modifiers) > 1 else ""
    return f"interval{fields}{precision}"


def plain_type(text: str) -> str:
    """A type without modifiers and array brackets.

    >>> plain_type("character varying(40)[]")
    'character varying'
    >>> plain_type("timestamp(3) with time zone")
    'timestamp with time zone'
    """
    head, opened, tail = text.removesuffix("[]").partition("(")
    return head + tail.rpartition(")")[2] if opened and not head.startswith('"') else text.removesuffix("[]")


def length_of(text: str) -> int | None:
    """The n of `character varying(n)` and `character(n)`.

    >>> length_of("character varying(40)"), length_of("numeric(5,2)")
    (40, None)
    """
    if plain_type(text) not in ("character varying", "character") or "(" not in text:
        return None
    return int(text[text.index("(") + 1 : text.index(")")])


def quoted(name: str) -> str:
    """The name as SQL writes it, in quotes where it needs them.

    >>> quoted("users"), quoted("My Table")
    ('users', '"My Table"')
    """
    plain = name and name[0] in _FIRST and all(char in _REST for char in name)
    return name if plain else '"' + name.replace('"', '""') + '"'


def unquoted(text: str) -> str:
    """A name as SQL writes it, without its quotes.

    >>> unquoted('public."My Type"')
    'public.My Type'
    """
    return text.replace('""', "\0").replace('"', "").replace("\0", '"') if '"' in text else text


def _modifier(node: Any) -> str:
    constant = node.a_const
    if node.HasField("a_const"):
        return str(constant.ival.ival) if constant.HasField("ival") else str(constant.fval.fval or constant.sval.sval)
    if node.HasField("column_ref"):
        return str(node.column_ref.fields[-1].string.sval)
    return expression_text(node)
