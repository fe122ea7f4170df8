"""Ranges as wide as the source's: of the bounds of a comparison only the rows that they let through are known."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import postgast
from psycopg import sql

from harness.postgres.connect import Connection
from harness.workload.catalog import Catalog, Column, Table
from harness.workload.parameter_use import ParameterUse, Role
from harness.workload.sources import Filled

_NUMBERS: Final = ("int2", "int4", "int8", "numeric")
_TIMES: Final = ("timestamp", "timestamptz")
_SCANNED: Final = 1_000_000  # rows; a larger table is only asked for its bounds where an index knows them
_CONDITIONS: Final = (Role.EQUAL, Role.IN, Role.ANY, Role.LIKE)


def fit_ranges(
    text: str, filled: Mapping[int, Filled], *, uses: tuple[ParameterUse, ...], rows: float, catalog: Catalog,
    connection: Connection,
) -> dict[int, Filled]:  # fmt: skip
    """`filled`, with bounds that let `rows` rows of a table through, if its values are evenly spread.

    Only where nothing else decides how many rows there are: no other condition, no LIMIT, no aggregate, no join.
    """
    bounds: dict[Role, ParameterUse] = {
        use.role: use for use in uses if use.role in (Role.LOWER, Role.UPPER) and use.column
    }
    alone = len({(use.table, use.column) for use in bounds.values()}) == 1
    compared = sum(use.role in (Role.LOWER, Role.UPPER, *_CONDITIONS) for use in uses)
    if not alone or compared != len(bounds) or not _gives_rows_as_they_are(text):
        return dict(filled)
    use = next(iter(bounds.values()))
    table, column = _column(use, catalog)
    if table is None or column is None or not _may_be_asked(table, column) or not 0 < rows < table.rows:
        return dict(filled)
    span = _Span.of(connection, table, column, share=rows / table.rows)
    return dict(filled) if span is None else span.fit(filled, bounds)


class _Span:
    """The least and the greatest value a share of the column's way from its ends, and the share's width as SQL."""

    def __init__(self, column: Column, *, width: float, low: str, high: str) -> None:
        self._column = column
        self._low, self._high = low, high
        if column.base in _TIMES:
            self._width = f"interval '{width:.6g} seconds'"
        else:
            self._width = str(ceil(width)) if column.base != "numeric" else f"{width:.6g}"

    @classmethod
    def of(cls, connection: Connection, table: Table, column: Column, *, share: float) -> "_Span | None":
        """None for a column without values."""
        times = column.base in _TIMES
        whole = "extract(epoch FROM max(c) - min(c))" if times else "(max(c) - min(c))"
        part = sql.SQL(
            "make_interval(secs => w)" if times else "ceil(w)::int" if column.base == "date" else "w::numeric"
        )
        statement = sql.SQL(
            "SELECT w, (low + {part})::text, (high - {part})::text"
            " FROM (SELECT ({whole} * %(share)s::float8)::float8 AS w, min(c) AS low, max(c) AS high"
            " FROM (SELECT {column} AS c FROM {table}) AS v) AS ends WHERE w IS NOT NULL"
        ).format(
            part=part, whole=sql.SQL(whole), column=sql.Identifier(column.name),
            table=sql.Identifier(table.schema, table.name),
        )  # fmt: skip
        row = connection.execute(statement, {"share": share}).fetchone()
        return None if row is None else cls(column, width=float(row[0]), low=row[1], high=row[2])

    def fit(self, filled: Mapping[int, Filled], bounds: Mapping[Role, ParameterUse]) -> dict[int, Filled]:
        """Both bounds: the upper one lies the width above the lower. One alone: a constant at that end."""
        fitted = dict(filled)
        if len(bounds) == 2:
            lower, upper = bounds[Role.LOWER], bounds[Role.UPPER]
            name = next(iter(filled[lower.number].params))
            fitted[upper.number] = Filled(f"(:{name}::{self._column.type} + {self._width})", {})
            return fitted
        (role, use), *_ = bounds.items()
        name = next(iter(filled[use.number].params))
        value = self._whole(self._high if role is Role.LOWER else self._low)
        fitted[use.number] = Filled(filled[use.number].text, {name: f"choice('{value}')"})
        return fitted

    def _whole(self, value: str) -> str:
        return value.partition(".")[0] if self._column.base.startswith("int") else value


def _column(use: ParameterUse, catalog: Catalog) -> tuple[Table | None, Column | None]:
    parts = [part.strip('"') for part in use.table.rpartition(".")]
    table = catalog.find(parts[2], schema=parts[0])
    return table, table.column(use.column) if table else None


def _may_be_asked(table: Table, column: Column) -> bool:
    kind = column.base in (*_NUMBERS, *_TIMES, "date")
    return kind and (table.rows <= _SCANNED or any(index.columns[:1] == (column.name,) for index in table.indexes))


def _gives_rows_as_they_are(text: str) -> bool:
    """Whether the statement answers with the rows of one table that it finds."""
    tree: Any = postgast.parse(text)
    select = postgast.unwrap_node(tree.stmts[0].stmt)
    if type(select).__name__ != "SelectStmt" or len(select.from_clause) != 1:
        return False
    if select.group_clause or select.distinct_clause or select.HasField("limit_count"):
        return False
    one_table = type(postgast.unwrap_node(select.from_clause[0])).__name__ == "RangeVar"
    calls = (type(node).__name__ == "FuncCall" for target in select.target_list for _, node in postgast.walk(target))
    return one_table and not any(calls)
