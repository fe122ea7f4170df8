"""How the values of a domain can be made different, from what its columns hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from harness.model.errors import SnapshotError
from harness.postgres.connect import Connection
from harness.snapshot.amplify.catalog import Column, Place, Table
from harness.snapshot.amplify.changes import Change, Mark, Rekey, Renumber, Shift, base36

_SEPARATORS: Final = "-_.~#:+"
_MAIL_SEPARATORS: Final = "+~#_-."
"""What comes after + in an address is delivered to the same mailbox (RFC 5233), so the domain stays whole."""
_MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the texts of a column are like: the longest, an @ in some, digits at the end, separators in use."""

    filled: int
    longest: int
    mail: bool
    narrowest: int
    widest: int
    least: int
    most: int
    used: frozenset[str]


def change_of(
    connection: Connection, domain: Iterable[Place], tables: Mapping[str, Table], *, scale: int
) -> Change | None:
    """The way for all columns of the domain, None without one; SnapshotError where a number's type is too small."""
    members = [(tables[table], tables[table].by_name[column]) for table, column in sorted(domain)]
    kinds = {column.kind for _, column in members}
    if kinds == {"number"}:
        return _shift(connection, members, scale)
    if kinds == {"uuid"}:
        return Rekey()
    return _text_change(connection, members, scale) if kinds == {"text"} else None


def _shift(connection: Connection, members: list[tuple[Table, Column]], scale: int) -> Shift:
    found = [_bounds(connection, table, column) for table, column in members]
    known = [bounds for bounds in found if bounds is not None]
    if not known:
        return Shift(1)
    offset = max(high for _, high in known) - min(low for low, _ in known) + 1
    for (table, column), bounds in zip(members, found, strict=True):
        greatest = bounds[1] + (scale - 1) * offset if bounds else 0
        if column.greatest_value is not None and greatest > column.greatest_value:
            room = 1 + (int(column.greatest_value) - (bounds[1] if bounds else 0)) // offset
            raise SnapshotError(
                f"scale = {scale} does not fit into {table.name}.{column.name}: {column.type} ends at "
                f"{column.greatest_value}, the greatest key would be {greatest}",
                hint=f"set [snapshot] scale to {room} at most"
                if room > 1
                else "leave [snapshot] scale out, or give the "
                "column and those that refer to it a larger type in a setup file",
            )
    return Shift(offset)


def _bounds(connection: Connection, table: Table, column: Column) -> tuple[int, int] | None:
    # A generated column follows those it is made of.
    name = sql.Identifier(column.name)
    statement = sql.SQL("SELECT floor(min({})), ceil(max({})) FROM {}").format(name, name, table.rows)
    low, high = connection.execute(statement).fetchone() or (None, None)
    return None if low is None else (int(low), int(high))


def _text_change(connection: Connection, members: list[tuple[Table, Column]], scale: int) -> Change | None:
    looked = [(column, _texts(connection, table, column)) for table, column in members]
    texts = [text for _, text in looked if text.filled]
    if not texts:
        return Mark(_SEPARATORS[0])
    mail = any(text.mail for text in texts)
    if not mail and (renumbered := _renumber(texts, scale)):
        return renumbered
    used = frozenset().union(*(text.used for text in texts))
    free = [separator for separator in (_MAIL_SEPARATORS if mail else _SEPARATORS) if separator not in used]
    longer = 1 + len(base36(scale - 1))
    fits = all(column.max_length is None or text.longest + longer <= column.max_length for column, text in looked)
    return Mark(free[0]) if free and fits else None


def _renumber(texts: list[_Texts], scale: int) -> Renumber | None:
    width = texts[0].widest
    if not width or any((text.narrowest, text.widest) != (width, width) for text in texts):
        return None
    least, most = min(text.least for text in texts), max(text.most for text in texts)
    offset = most - least + 1
    return Renumber(width, offset) if most + (scale - 1) * offset < 10**width else None


def _texts(connection: Connection, table: Table, column: Column) -> _Texts:
    statement = _TEXTS.format(
        name=sql.Identifier(column.name),
        table=table.rows,
        digits=sql.Literal(f"[0-9]{{1,{_MOST_DIGITS}}}$"),
        used=sql.SQL(_USED),
    )
    row = connection.execute(statement).fetchone() or (0,)
    filled, longest, mail, narrowest, widest, least, most, *used = row
    return _Texts(
        filled, longest, mail, narrowest, widest, least, most,
        frozenset(separator for separator, there in zip(_SEPARATORS, used, strict=True) if there),
    )  # fmt: skip


_USED: Final = ", ".join(f"coalesce(bool_or(position('{one}' in v) > 0), false)" for one in _SEPARATORS)
_TEXTS: Final = sql.SQL(
    "SELECT count(v), coalesce(max(length(v)), 0), coalesce(bool_or(v LIKE '%@%'), false),"
    " coalesce(min(length(coalesce(d, ''))), 0), coalesce(max(length(d)), 0),"
    " coalesce(min(d::bigint), 0), coalesce(max(d::bigint), 0), {used}"
    " FROM (SELECT {name}::text AS v, substring({name}::text from {digits}) AS d FROM {table}"
    " WHERE {name} IS NOT NULL) AS texts"
)
