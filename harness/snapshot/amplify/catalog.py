"""What growing has to know of the tables: columns, what may not occur twice, references, checks, partitioning."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final, LiteralString, TypeAlias

from psycopg import sql

from harness.postgres.connect import Connection

Place: TypeAlias = tuple[str, str]
"""A table ("schema.name") and one of its columns."""

_INTEGERS: Final = frozenset({"int2", "int4", "int8", "numeric"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` as SQL writes it, `base` and `category` with domains resolved.

    `max_length` in characters; `greatest_value` of a number's type; `made_of` the columns a generated one depends on;
    `sequences` as SQL writes them.
    """

    name: str
    type: str
    base: str
    category: str
    max_length: int | None = None
    greatest_value: Decimal | None = None
    generated: bool = False
    made_of: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """How its values can be made different: number, uuid, text, or "" for not at all."""
        if self.base in _INTEGERS:
            return "number"
        return "uuid" if self.base == "uuid" else "text" if self.category == "S" else ""


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows agree in all of `columns` (an exclusion: and conflict in the rest); `name` is the index's."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """`columns` refer to `target_columns` of `target`; `proven`: the server knows that every row does."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint."""

    name: str
    expression: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, a partitioned one as a whole; `strategy` is r, l, h or ""; `size_bytes` with TOAST, without indexes."""

    schema: str
    relation: str
    columns: tuple[Column, ...]
    size_bytes: int = 0
    uniques: tuple[Unique, ...] = ()
    references: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()
    partitioned: bool = False
    strategy: str = ""
    has_default: bool = False
    partition_columns: tuple[str, ...] = ()
    by_name: dict[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update((column.name, column) for column in self.columns)

    @property
    def name(self) -> str:
        """schema.table, unquoted."""
        return f"{self.schema}.{self.relation}"

    @property
    def rows(self) -> sql.Composable:
        """What to select from: the table without tables that inherit from it, with its partitions."""
        form = "{}" if self.partitioned else "ONLY {}"
        return sql.SQL(form).format(self.identifier)

    @property
    def identifier(self) -> sql.Identifier:
        """The name as SQL writes it."""
        return sql.Identifier(self.schema, self.relation)

    def assignable(self) -> tuple[Column, ...]:
        """The columns that an INSERT can give."""
        return tuple(column for column in self.columns if not column.generated)


def read_tables(connection: Connection) -> dict[str, Table]:
    """Every table outside of the system's schemas, by name, sorted."""
    found = connection.execute(amplify_query("tables")).fetchall()
    oids = {"tables": [row[0] for row in found]}
    names = {row[0]: f"{row[1]}.{row[2]}" for row in found}
    columns, uniques, references, checks = (
        _by_table(connection.execute(amplify_query(name), oids).fetchall())
        for name in ("columns", "uniques", "references", "checks")
    )
    tables = [
        Table(
            schema=schema,
            relation=relation,
            columns=tuple(_column(row) for row in columns[oid]),
            size_bytes=size,
            uniques=tuple(Unique(name, tuple(key)) for name, key in uniques[oid]),
            references=tuple(
                Reference(name, tuple(mine), names[target], tuple(theirs), proven)
                for name, mine, target, theirs, proven in references[oid]
            ),
            checks=tuple(Check(name, text, tuple(of)) for name, text, of in checks[oid]),
            partitioned=partitioned,
            strategy=strategy,
            has_default=has_default,
            partition_columns=tuple(partition_columns),
        )
        for oid, schema, relation, partitioned, strategy, has_default, partition_columns, size in found
    ]
    return {table.name: table for table in tables}


def amplify_query(name: str) -> LiteralString:
    """The text of this folder's `queries/<name>.sql`."""
    # Files of this package are as trustworthy as literals in its code.
    return files("harness.snapshot.amplify").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


def _column(row: tuple[Any, ...]) -> Column:
    name, type_, base, category, max_length, greatest, generated, made_of, sequences = row
    bound = None if greatest is None else Decimal(greatest)
    return Column(name, type_, base, category, max_length, bound, generated, tuple(made_of), tuple(sequences))


def _by_table(rows: list[tuple[Any, ...]]) -> defaultdict[int, list[tuple[Any, ...]]]:
    found: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for oid, *rest in rows:
        found[oid].append(tuple(rest))
    return found
