"""Reads the catalog that a workload is derived from."""

from collections import defaultdict
from importlib.resources import files
from typing import Any, LiteralString

from psycopg import sql

from harness.postgres.connect import Connection
from harness.workload.catalog import Catalog, Column, Counters, ForeignKey, Index, Table


def read_catalog(connection: Connection) -> Catalog:
    """Every table outside of the system's schemas; no rows are read but the greatest value of sequences' columns."""
    tables = connection.execute(_query("tables")).fetchall()
    oids = {"tables": [row[0] for row in tables]}
    columns, indexes, foreign_keys, checks = (
        _by_table(connection.execute(_query(name), oids).fetchall())
        for name in ("columns", "indexes", "foreign_keys", "checks")
    )
    return Catalog(
        tuple(
            Table(
                schema=schema,
                name=name,
                columns=tuple(_column(connection, schema, name, row) for row in columns[oid]),
                rows=rows,
                indexes=tuple(_index(*row) for row in indexes[oid]),
                foreign_keys=tuple(ForeignKey(n, tuple(c), t, tuple(k)) for n, c, t, k in foreign_keys[oid]),
                checks=tuple(tuple(row[0]) for row in checks[oid]),
                partitioned_by=tuple(partitioned_by),
                visible=visible,
                counters=Counters(*counted),
            )
            for oid, schema, name, visible, rows, partitioned_by, *counted in tables
        )
    )


def _by_table(rows: list[tuple[Any, ...]]) -> defaultdict[int, list[tuple[Any, ...]]]:
    found: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for oid, *rest in rows:
        found[oid].append(tuple(rest))
    return found


def _column(connection: Connection, schema: str, table: str, row: tuple[Any, ...]) -> Column:
    *values, sequence = row
    lags = bool(sequence) and _lags(connection, schema, table, values[0], sequence)
    return Column(*(*values, "" if lags or not sequence else sequence))


def _lags(connection: Connection, schema: str, table: str, column: str, sequence: str) -> bool:
    """Whether the sequence would give values that rows have: rows were loaded with keys of their own."""
    statement = sql.SQL("SELECT coalesce((SELECT max({}) FROM {}), 0) > last_value FROM {}").format(
        sql.Identifier(column), sql.Identifier(schema, table), sql.SQL(sequence)
    )
    answer = connection.execute(statement).fetchone()
    return bool(answer and answer[0])


def _index(
    name: str,
    columns: list[str],
    involved: list[str],
    method: str,
    unique: bool,
    primary: bool,
    exclusion: bool,
    partial: bool,
    deferrable: bool,
) -> Index:
    return Index(
        name=name,
        columns=tuple(columns),
        involved=tuple(involved),
        method=method,
        unique=unique,
        primary=primary,
        exclusion=exclusion,
        partial=partial,
        deferrable=deferrable,
    )


def _query(name: str) -> LiteralString:
    # Files of this package are as trustworthy as literals in its code.
    text: LiteralString = files("harness.workload").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")
    return text
