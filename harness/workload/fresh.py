"""New values for columns that must not repeat: what makes the copy of a row a row of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.workload.catalog import Column, Table, quoted

_SALT: Final = 12  # hexadecimal digits: 48 bits repeat once in ten million rows with a probability of 1 : 5
_TEXTS: Final = ("text", "varchar", "bpchar", "citext", "name")
_NUMBERS: Final = ("int2", "int4", "int8", "numeric", "float4", "float8")
_TIMES: Final = ("timestamp", "timestamptz")
_RANGES: Final = {
    "tsrange": "interval '1 hour'",
    "tstzrange": "interval '1 hour'",
    "daterange": "1",
    "int4range": "1",
    "int8range": "1",
    "numrange": "1",
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCRAMBLED: Final = (
    "(SELECT string_agg(CASE WHEN c ~ '[0-9]' THEN chr(48 + floor(random() * 10)::integer)"
    " WHEN c ~ '[a-z]' THEN chr(97 + floor(random() * 26)::integer)"
    " WHEN c ~ '[A-Z]' THEN chr(65 + floor(random() * 26)::integer) ELSE c END, '' ORDER BY place)"
    " FROM regexp_split_to_table({}, '') WITH ORDINALITY AS t (c, place))"
)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new value of a column.

    `expression` makes the SQL of it from the SQL of the copied value; None leaves the column to its default, whose
    value `known` reads back. `certain`: it cannot repeat. `repeatable`: the expression gives the same value again.
    """

    expression: Callable[[str], str] | None
    params: Mapping[str, str] = field(default_factory=dict)
    known: str = ""
    certain: bool = True
    repeatable: bool = True


def fresh_values(table: Table, column: Column) -> tuple[Fresh, ...]:
    """The ways to a new value of the column, best first; () where its type has none."""
    if column.generated:
        return ()
    if column.sequence:
        literal = column.sequence.replace("'", "''")
        return (Fresh(None, known=f"currval('{literal}'::regclass)"),)
    name = parameter_name(table, column.name, prefix="new_")
    if column.base == "uuid":
        return (Fresh(lambda _: f":{name}::uuid", {name: "uuid()"}),)
    if column.base in _NUMBERS:
        return (Fresh(lambda _: f":{name}::{column.type}", {name: f"new_key({column_text(table, column.name)})"}),)
    if column.base in _TEXTS:
        return _texts(column, name)
    return _shifted(column, name)


def _texts(column: Column, name: str) -> tuple[Fresh, ...]:
    length = min(_SALT, column.length or _SALT)
    salted = f"left(replace(:{name}, '-', ''), {length}) || "

    def prefixed(source: str) -> str:
        value = salted + source
        return f"({value})::{column.type}" if column.length is None else f"left({value}, {column.length})"

    return (
        Fresh(prefixed, {name: "uuid()"}, certain=length == _SALT),
        Fresh(lambda source: f"{_SCRAMBLED.format(source)}::{column.type}", certain=False, repeatable=False),
    )


def _shifted(column: Column, name: str) -> tuple[Fresh, ...]:
    """The copied value, moved: by less than a second for instants, which keeps them in their partition."""
    if column.base in _TIMES:
        params = {name: "int(1, 999999)"}
        return (Fresh(lambda s: f"{s} + :{name}::integer * interval '1 microsecond'", params, certain=False),)
    if column.base == "date":
        return (Fresh(lambda s: f"{s} + :{name}::integer", {name: "int(1, 3650)"}, certain=False),)
    if column.base in ("inet", "macaddr"):
        return (Fresh(lambda s: f"{s} + :{name}::integer", {name: "int(1, 16777216)"}, certain=False),)
    if column.base == "bytea":
        return (Fresh(lambda _: f"decode(replace(:{name}, '-', ''), 'hex')", {name: "uuid()"}),)
    if column.base in _RANGES:
        return (_moved_range(column, name),)
    return ()


def _moved_range(column: Column, name: str) -> Fresh:
    by = f":{name}::integer * {_RANGES[column.base]}"

    def moved(source: str) -> str:
        bounds = (
            f"CASE WHEN lower_inc({source}) THEN '[' ELSE '(' END || "
            f"CASE WHEN upper_inc({source}) THEN ']' ELSE ')' END"
        )
        return f"{column.base}(lower({source}) + {by}, upper({source}) + {by}, {bounds})"

    return Fresh(moved, {name: "int(10000, 10000000)"}, certain=False)


def column_text(table: Table, column: str) -> str:
    """The column as a parameter names it: table.column."""
    return f"{table.written}.{quoted(column)}"


def parameter_name(table: Table, column: str, *, prefix: str = "") -> str:
    """The name of a parameter for a column; a column whose name is none gets its number."""
    if _NAME.fullmatch(column):
        return prefix + column
    number = [other.name for other in table.columns].index(column) + 1
    return f"{prefix}column_{number}"
