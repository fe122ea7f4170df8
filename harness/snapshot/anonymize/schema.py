"""What anonymizing has to know of a database: tables, columns, constraints, and every text that could quote a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` as SQL writes it (`character varying(40)`), `base` the type under domains and arrays.

    `generated` columns are not in a dump's data; `identity` and serial ones are. `max_length` is in characters, of
    `character(n)` and `character varying(n)`, also under a domain.
    """

    name: str
    type: str
    base: str
    not_null: bool = False
    default: str | None = None
    generated: bool = False
    max_length: int | None = None
    identity: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of the table refer, position by position, to `referenced` columns of `table` ("schema.name")."""

    name: str
    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint, of the table or of a domain it uses: its expression as SQL, and the columns it names.

    A domain's expression calls its column VALUE.
    """

    name: str
    expression: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table "schema.name" with its columns in the order of its data; unique keys include the primary key.

    `partition_of` is the parent, `partition_bound` its FOR VALUES clause, `partition_key` the columns it is divided by;
    `inherits` are the parents by INHERITS. `unique_expressions` are unique indexes whose elements are not all columns:
    their elements as SQL, and the columns these name.
    """

    name: str
    columns: tuple[Column, ...]
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[tuple[str, ...], ...] = ()
    partition_of: str | None = None
    partition_bound: str = ""
    partition_key: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    unique_expressions: tuple[Check, ...] = ()

    def column(self, name: str) -> Column:
        """The column; KeyError where there is none."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class Text:
    """Text of the schema that could quote a value: `place` says where (comment on table x, view y, default of z)."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence "schema.name", the (table, column)s that take their numbers from it, and the largest it may give."""

    name: str
    columns: tuple[tuple[str, str], ...]
    most: int


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables by name, the labels of enum types, every text that the leak check has to read, and the sequences.

    Sequences are whole only in a dump's schema: a database's own is never rewritten.
    """

    tables: dict[str, Table]
    enums: dict[str, tuple[str, ...]]
    texts: tuple[Text, ...] = ()
    sequences: dict[str, Sequence] = field(default_factory=dict, compare=False)
