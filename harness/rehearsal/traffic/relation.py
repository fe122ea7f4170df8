"""A relation of the clone that parameters take values from: found, measured, or told with the way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from harness.model.errors import SpecError
from harness.postgres.connect import Connection

_TABLES: Final = ("r", "p", "m")  # relkinds that TABLESAMPLE takes


@dataclass(frozen=True, slots=True)
class Need:
    """Who needs something of a relation: for the message where it is not there."""

    path: str
    operation: str
    parameter: str

    def error(self, message: str, *, hint: str) -> SpecError:
        """`message` at the parameter's key."""
        key = f"traffic.operation ({self.operation}).params.{self.parameter}"
        return SpecError(message, path=self.path, key=key, hint=hint)


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation with partitions and children: estimated rows, pages, and bytes of one row's wanted columns."""

    oid: int
    table: str
    rows: float
    pages: int
    width: int
    is_table: bool

    @property
    def identifier(self) -> sql.Composable:
        """How a statement names it."""
        return sql.Identifier(*parts(self.table))


def find_relation(conn: Connection, table: str, columns: Sequence[str], *, need: Need) -> Relation:
    """The relation `table`, as the scenario writes it; SpecError where it or one of `columns` is missing."""
    try:
        row = conn.execute(query("relation"), {"relation": table, "columns": list(columns)}).fetchone()
    except psycopg.errors.SyntaxError:  # to_regclass wants an identifier
        row = None
    if row is None:
        names: dict[str, str] = dict(
            conn.execute(
                "SELECT relname, quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
            )
        )
        raise need.error(f"there is no table {table}", hint=_nearest(table, names))
    oid, kind, rows, pages, width, known = row
    for column in columns:
        if column not in known:
            names = dict(conn.execute("SELECT name, quote_ident(name) FROM unnest(%s::text[]) name", [known]))
            raise need.error(f"{table} has no column {column}", hint=_nearest(column, names))
    relation = Relation(oid, table, rows, pages, width, kind in _TABLES)
    return relation if relation.is_table and rows >= 0 else _counted(conn, relation)


def _counted(conn: Connection, relation: Relation) -> Relation:
    """A table before its first ANALYZE is counted; of a view, the planner says how many rows it expects."""
    if relation.is_table:
        row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(relation.identifier)).fetchone()
        rows = float(row[0]) if row else 0.0
    else:
        row = conn.execute(sql.SQL("EXPLAIN (FORMAT JSON) SELECT FROM {}").format(relation.identifier)).fetchone()
        rows = float(row[0][0]["Plan"]["Plan Rows"]) if row else 0.0
    return Relation(relation.oid, relation.table, rows, relation.pages, relation.width, relation.is_table)


def bare_name(table: str) -> str:
    """The relation without quotes, as the ledger names it."""
    return ".".join(parts(table))


def parts(table: str) -> list[str]:
    """Schema, if written, and name: without quotes, or folded to lower case, as SQL does.

    >>> parts('Shop."Order.s"')
    ['shop', 'Order.s']
    """
    found, quoted = [""], False
    for character in table:
        quoted ^= character == '"'
        if character == "." and not quoted:
            found.append("")
        else:
            found[-1] += character
    return [part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in found]


def _nearest(name: str, names: Mapping[str, str]) -> str:
    """A hint; `names` are those that exist, each with how SQL writes it, quotes and all."""
    folded = {known.lower(): written for known, written in names.items()}
    near = get_close_matches(name.rpartition(".")[2].strip('"').lower(), folded, n=1)
    return f"did you mean {folded[near[0]]}?" if near else "values are taken before the migration: it must exist there"


def query(name: str) -> LiteralString:
    """The text of this room's `queries/<name>.sql`."""
    # Files of this package are as trustworthy as literals in its code.
    text: LiteralString = files("harness.rehearsal.traffic").joinpath("queries", f"{name}.sql").read_text()
    return text
