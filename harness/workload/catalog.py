"""Tables, columns, keys and foreign keys of a database, as far as deriving a workload needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from harness.postgres.connect import Connection


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `type` as format_type writes it, `category` as pg_type.typcategory (N number, S text, B boolean, …).

    `generated`: the server makes its value, so that nobody inserts one; `has_default`: an insert may leave it out.
    """

    name: str
    type: str
    category: str
    not_null: bool
    has_default: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of a table refer to `target_columns` of `target`, which is named as `Table.name`."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as SQL writes it on this database's search path (`orders`, `sales."Order"`); `rows` is an estimate."""

    name: str
    schema: str
    relation: str
    kind: str
    rows: float
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...]
    """Columns of the primary key first, then of every other unique constraint or whole unique index."""
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]

    def column(self, name: str) -> Column | None:
        """The column of that name, as the catalog has it."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Catalog:
    """The tables of a database, by name."""

    tables: tuple[Table, ...]

    @cached_property
    def _found(self) -> dict[tuple[str, str], Table]:
        found = {(table.schema, table.relation): table for table in self.tables}
        # Without a schema: what the search path finds, which is what needs no schema in its name.
        found |= {("", table.relation): table for table in self.tables if _is_bare(table)}
        return found

    def table(self, relation: str, *, schema: str = "") -> Table | None:
        """The table `relation` (not quoted) of `schema`; "": the one on the search path, or the only one so named."""
        if (known := self._found.get((schema, relation))) or schema:
            return known
        named = [table for table in self.tables if table.relation == relation]
        return named[0] if len(named) == 1 else None


def _is_bare(table: Table) -> bool:
    return table.name in (table.relation, '"' + table.relation.replace('"', '""') + '"')


def read_catalog(conn: Connection) -> Catalog:
    """The catalog of `conn`'s database: ordinary and partitioned tables, no system schemas, no single partitions."""
    text = files("harness.workload").joinpath("queries", "catalog.sql").read_text(encoding="utf-8")
    return Catalog(tuple(_table(row) for row in conn.execute(text.encode()).fetchall()))


def _table(row: Sequence[object]) -> Table:
    name, schema, relation, kind, rows, columns, unique, primary, references = row
    assert isinstance(columns, list)
    assert isinstance(unique, list)
    assert isinstance(primary, list)
    assert isinstance(references, list)
    return Table(
        name=str(name),
        schema=str(schema),
        relation=str(relation),
        kind=str(kind),
        rows=float(str(rows)),
        columns=tuple(Column(*column) for column in columns),
        unique=tuple(tuple(key) for key in unique),
        primary_key=tuple(primary),
        foreign_keys=tuple(ForeignKey(tuple(own), target, tuple(theirs)) for own, target, theirs in references),
    )
