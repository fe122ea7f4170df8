"""Columns that must change alike: those of foreign keys, and those that refer to a table by their name only."""

from collections.abc import Iterator, Mapping
from typing import Final

from psycopg import sql

from harness.postgres.connect import Connection
from harness.snapshot.amplify.catalog import Column, Place, Reference, Table

_LOOKED_AT: Final = 1_000
_ENOUGH: Final = 0.9
"""Of the values looked at: orphans are what a missing constraint lets in."""


def domains_of(
    tables: Mapping[str, Table], named: Mapping[str, tuple[Reference, ...]]
) -> dict[Place, frozenset[Place]]:
    """For each column the columns that must change alike, itself included; composite keys position by position."""
    of = {
        (table.name, column.name): {(table.name, column.name)} for table in tables.values() for column in table.columns
    }
    for table in tables.values():
        for reference in (*table.references, *named.get(table.name, ())):
            if reference.target not in tables:
                continue
            for mine, theirs in zip(reference.columns, reference.target_columns, strict=True):
                joined = of[table.name, mine] | of[reference.target, theirs]
                for place in joined:
                    of[place] = joined
    return {place: frozenset(together) for place, together in of.items()}


def references_by_name(connection: Connection, tables: Mapping[str, Table]) -> dict[str, tuple[Reference, ...]]:
    """References without a constraint: a column `x_id` whose values are keys of a table `x`, `xs`, `xes` or `…ies`."""
    found = {}
    for table in tables.values():
        bound = {column for reference in table.references for column in reference.columns}
        likely = [
            Reference("", (column.name,), target.name, (key,), proven=False)
            for column in table.columns
            if column.name not in bound and not column.generated
            for target, key in _targets(table, column, tables)
        ]
        found[table.name] = tuple(one for one in likely if _holds(connection, table, one, tables[one.target]))
    return {name: references for name, references in found.items() if references}


def _targets(table: Table, column: Column, tables: Mapping[str, Table]) -> Iterator[tuple[Table, str]]:
    stem = column.name.removesuffix("_id")
    if stem == column.name or column.kind not in ("number", "uuid"):
        return
    for name in (stem, f"{stem}s", f"{stem}es", f"{stem.removesuffix('y')}ies"):
        target = tables.get(f"{table.schema}.{name}")
        keys = [unique.columns[0] for unique in target.uniques if len(unique.columns) == 1] if target else []
        # A table's own key called like the table is no reference.
        if target is None or target is table:
            continue
        for key in keys:
            if key in ("id", column.name) and target.by_name[key].kind == column.kind:
                yield target, key
                return


def _holds(connection: Connection, table: Table, reference: Reference, target: Table) -> bool:
    statement = sql.SQL(
        "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM {} AS t WHERE t.{} = v.value))"
        " FROM (SELECT DISTINCT {} AS value FROM {} WHERE {} IS NOT NULL LIMIT {}) AS v"
    ).format(
        target.identifier,
        sql.Identifier(reference.target_columns[0]),
        sql.Identifier(reference.columns[0]),
        table.rows,
        sql.Identifier(reference.columns[0]),
        sql.Literal(_LOOKED_AT),
    )
    values, matched = connection.execute(statement).fetchone() or (0, 0)
    return bool(values) and matched >= _ENOUGH * values
