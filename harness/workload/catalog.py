"""The catalog as far as a workload needs it: tables with their columns, indexes and foreign keys."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_$]*")  # what SQL leaves as it is, reserved words aside


@dataclass(frozen=True, slots=True)
class Column:
    """A live column.

    `type` as SQL writes it, `base` is `pg_type.typname` with domains resolved, `category` its `typcategory`; `length`
    the most characters (None: any); `identity` is a, d or "", `default` the expression's text or "". `distinct` is
    `pg_stats.n_distinct` (-1: every value differs; 0: not known), `width` bytes on average, `nulls` the share of NULL.
    """

    name: str
    type: str
    base: str
    category: str
    length: int | None = None
    not_null: bool = False
    identity: str = ""
    generated: bool = False
    default: str = ""
    distinct: float = 0.0
    width: int = 0
    nulls: float = 0.0
    sequence: str = ""
    """The sequence of an identity or of a default, as SQL writes it; "" where it lags behind the column's values."""


@dataclass(frozen=True, slots=True)
class Index:
    """A valid index.

    `columns` are its keys, "" for an expression; `involved` every column it depends on, those of expressions and of the
    predicate too. `exclusion`: of an exclusion constraint. `deferrable`: ON CONFLICT cannot use it.
    """

    name: str
    columns: tuple[str, ...]
    involved: tuple[str, ...] = ()
    method: str = "btree"
    unique: bool = False
    primary: bool = False
    exclusion: bool = False
    partial: bool = False
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference of `columns` to `target_columns` of `target` ("schema.table")."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counters:
    """What `pg_stat_user_tables` counted of a table, its partitions included."""

    seq_scan: int = 0
    idx_scan: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table that applications address: no partition; foreign keys and rows of partitions are the parent's too.

    `checks` are the columns of each CHECK constraint; `visible`: the name is found without the schema.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    rows: float = 0.0
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[tuple[str, ...], ...] = ()
    partitioned_by: tuple[str, ...] = ()
    visible: bool = True
    counters: Counters = Counters()

    @property
    def qualified(self) -> str:
        """schema.table, unquoted."""
        return f"{self.schema}.{self.name}"

    @property
    def written(self) -> str:
        """The name as SQL writes it, with the schema where the search path does not find it."""
        return quoted(self.name) if self.visible else f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that name a row: the primary key, else a unique index over columns that are never NULL, else ()."""
        for index in sorted(self.indexes, key=lambda i: (not i.primary, len(i.columns), i.name)):
            never_null = all((c := self.column(name)) is not None and c.not_null for name in index.columns)
            if index.unique and not index.partial and not index.exclusion and never_null:
                return index.columns
        return ()

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every table of a database outside of the system's schemas, sorted by name."""

    tables: tuple[Table, ...]

    def find(self, name: str, *, schema: str = "") -> Table | None:
        """The table that a statement means by `name` (unquoted); with a schema that one only."""
        for table in self.tables:
            if table.name == name and (table.schema == schema if schema else table.visible):
                return table
        return None

    def qualified(self, name: str) -> Table | None:
        """The table "schema.table"."""
        return next((table for table in self.tables if table.qualified == name), None)


def quoted(identifier: str) -> str:
    """`identifier` as SQL writes it.

    >>> quoted("orders"), quoted("Order"), quoted("user")
    ('orders', '"Order"', '"user"')
    """
    plain = _PLAIN.fullmatch(identifier) and identifier not in _RESERVED
    return identifier if plain else '"' + identifier.replace('"', '""') + '"'


def quoted_list(identifiers: Iterable[str], *, of: str = "") -> str:
    """Identifiers as SQL writes them, comma-separated; `of` is an alias put before each."""
    head = f"{of}." if of else ""
    return ", ".join(head + quoted(identifier) for identifier in identifiers)


# Reserved, and those that cannot be a type or function name (manual, appendix C): the ones that need quotes as names.
_RESERVED: Final = frozenset(
    """all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join json lateral
    leading least left like limit localtime localtimestamp national natural nchar none normalize not notnull null nullif
    numeric offset on only or order out outer overlaps overlay placing position precision primary real references
    returning right row select session_user setof similar smallint some substring symmetric system_user table
    tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose
    when where window with xmlattributes""".split()  # noqa: SIM905 - a list of one word a line helps nobody
)
