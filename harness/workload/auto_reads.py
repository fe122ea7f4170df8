"""Reads that the catalog suggests: by key, along an index, along foreign keys."""

from collections.abc import Iterator
from typing import Final

from harness.spec.scenario import OperationSpec
from harness.workload.candidates import Candidate, Kind, by_key
from harness.workload.catalog import Catalog, ForeignKey, Index, Table, quoted, quoted_list
from harness.workload.fresh import column_text, parameter_name

_PAGE: Final = 20
"""Rows of a page of a list, and of the children shown with a parent."""
_RANGES: Final = 2  # indexes of a table that are read along; more would only dilute the others
_SMALL: Final = 20_000
"""Rows; a table up to here is also joined without an index: the scan takes a few milliseconds."""


def read_candidates(table: Table, catalog: Catalog) -> Iterator[Candidate]:
    """Every read of the table; joins are those of its own foreign keys, in both directions."""
    yield _point(table)
    yield from _ranges(table)
    for foreign_key in table.foreign_keys:
        parent = catalog.qualified(foreign_key.target)
        if parent is not None:
            yield _to_parent(table, foreign_key, parent)
            yield _to_children(table, foreign_key, parent)


def _point(table: Table) -> Candidate:
    name = f"read {table.written}"
    if not table.key:
        return Candidate(table, Kind.POINT, name, reason="the table has no primary key and no other that is never NULL")
    key = by_key(table)
    sql = f"SELECT {_columns(table)}\n  FROM {table.written}\n WHERE {key.text}"
    return Candidate(table, Kind.POINT, name, (OperationSpec(name=name, sql=sql, params=dict(key.params)),))


def _ranges(table: Table) -> Iterator[Candidate]:
    found = 0
    for index in sorted(table.indexes, key=lambda index: _rank(table, index)):
        column = table.column(index.columns[0]) if index.columns else None
        if index.method != "btree" or index.partial or column is None or found == _RANGES:
            continue
        found += 1
        name = f"list {table.written} by {column.name}"
        parameter = parameter_name(table, column.name, prefix="from_")
        order = quoted_list(index.columns) if all(index.columns) else quoted(column.name)
        sql = (
            f"SELECT {_columns(table)}\n  FROM {table.written}\n WHERE {quoted(column.name)} >= :{parameter}"
            f"\n ORDER BY {order} LIMIT {_PAGE}"
        )
        params: dict[str, str | int | float] = {parameter: f"sample({column_text(table, column.name)})"}
        yield Candidate(table, Kind.RANGE, name, (OperationSpec(name=name, sql=sql, params=params),))
    if not found:
        name = f"list {table.written}"
        sql = f"SELECT {_columns(table)}\n  FROM {table.written}\n LIMIT {_PAGE}"
        yield Candidate(table, Kind.RANGE, name, (OperationSpec(name=name, sql=sql),))


def _rank(table: Table, index: Index) -> tuple[bool, bool, str]:
    """Indexes made for lists first: those of foreign keys serve the joins, the primary key serves the reads by key."""
    foreign = any(index.columns[:1] == key.columns[:1] for key in table.foreign_keys)
    return index.primary, foreign, index.name


def _to_parent(table: Table, key: ForeignKey, parent: Table) -> Candidate:
    name = f"join {table.written} to {parent.written}{_by(table, key)}"
    condition = by_key(table, of="child")
    if not table.key:
        return Candidate(table, Kind.JOIN, name, reason="the table has no key to find a row by")
    sql = (
        f"SELECT {_columns(table, of='child')}, {_columns(parent, of='parent')}\n  FROM {table.written} AS child"
        f"\n  JOIN {parent.written} AS parent ON {_on(key)}\n WHERE {condition.text}"
    )
    return Candidate(table, Kind.JOIN, name, (OperationSpec(name=name, sql=sql, params=dict(condition.params)),))


def _to_children(table: Table, key: ForeignKey, parent: Table) -> Candidate:
    name = f"join {parent.written} to its {table.written}{_by(table, key)}"
    if table.rows > _SMALL and not _served(table, key):
        return Candidate(table, Kind.JOIN, name, reason=f"no index serves it, and {table.rows:,.0f} rows are too many")
    function = "sample" if len(key.columns) == 1 else "row"
    names = {column: parameter_name(parent, column) for column in key.target_columns}
    condition = " AND ".join(f"parent.{quoted(column)} = :{name}" for column, name in names.items())
    sql = (
        f"SELECT {_columns(parent, of='parent')}, {_columns(table, of='child')}\n  FROM {parent.written} AS parent"
        f"\n  JOIN {table.written} AS child ON {_on(key)}"
        f"\n WHERE {condition}\n LIMIT {_PAGE}"
    )
    params: dict[str, str | int | float] = {
        name: f"{function}({column_text(parent, column)})" for column, name in names.items()
    }
    return Candidate(table, Kind.JOIN, name, (OperationSpec(name=name, sql=sql, params=params),))


def _served(table: Table, key: ForeignKey) -> bool:
    return any(
        not index.partial and index.columns and index.columns[0] in key.columns and index.method in ("btree", "hash")
        for index in table.indexes
    )


def _by(table: Table, key: ForeignKey) -> str:
    """The columns, where two keys go to the same table."""
    twice = sum(other.target == key.target for other in table.foreign_keys) > 1
    return f" by {', '.join(key.columns)}" if twice else ""


def _on(key: ForeignKey) -> str:
    pairs = zip(key.columns, key.target_columns, strict=True)
    return " AND ".join(f"child.{quoted(mine)} = parent.{quoted(theirs)}" for mine, theirs in pairs)


def _columns(table: Table, *, of: str = "") -> str:
    """Columns by name, as most ORMs send them: an operation notices when one is renamed or dropped."""
    return quoted_list((column.name for column in table.columns), of=of)
