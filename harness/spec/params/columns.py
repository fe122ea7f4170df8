"""Reads parameters that name a column."""

import re
from collections.abc import Callable
from typing import Final

from harness.spec.params.arguments import Argument
from harness.spec.params.nodes import ColumnParameter, Parameter, RowValue, SampleColumn

_PART: Final = r'(?:[^."\s]|"(?:[^"]|"")*")(?:[^."]|"(?:[^"]|"")*")*'
_COLUMN: Final = re.compile(rf'(?P<table>{_PART}(?:\.{_PART})?)\.(?P<column>"(?:[^"]|"")+"|[^."]+)')
_PLAIN: Final = re.compile(r"[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*")


def is_column(text: str) -> bool:
    """Whether `text` looks like table.column or schema.table.column, and not like a number."""
    match = _COLUMN.fullmatch(text.strip())
    return match is not None and not re.fullmatch(r"[-+]?\d*", match["table"])


def the_column(text: str) -> SampleColumn:
    """The column that `text` names; ValueError where it names none.

    >>> the_column('public.Orders."Id"')
    SampleColumn(table='public.Orders', column='Id')
    """
    match = _COLUMN.fullmatch(text.strip())
    if match is None or not match["column"].strip():
        raise ValueError(f"{text!r} is no column; write table.column or schema.table.column")
    column = match["column"].strip()
    quoted = column.startswith('"')
    return SampleColumn(match["table"].strip(), column[1:-1].replace('""', '"') if quoted else column.lower())


def write_column(source: SampleColumn) -> str:
    """The column as `the_column` reads it."""
    plain = _PLAIN.fullmatch(source.column) and source.column == source.column.lower()
    return f"{source.table}." + (source.column if plain else '"' + source.column.replace('"', '""') + '"')


def column_call(
    function: str, build: Callable[[SampleColumn], ColumnParameter]
) -> Callable[[list[Argument]], Parameter]:
    """How a function of one column is read."""

    def read(arguments: list[Argument]) -> Parameter:
        if len(arguments) != 1:
            raise ValueError(f"{function}() takes one column, like {function}(orders.id)")
        return build(the_column(arguments[0].text))

    return read


def row_call(arguments: list[Argument]) -> Parameter:
    """row(table.column) or row(table.column, name of the row)."""
    if len(arguments) not in (1, 2):
        raise ValueError("row() takes a column, and a name where an operation has two rows: row(items.id, second)")
    return RowValue(the_column(arguments[0].text), arguments[1].text if len(arguments) == 2 else "")
