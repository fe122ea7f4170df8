"""What is to be done with each column of each table's data: settled before any data is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.domains import complete_policy
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.schema import Column, Schema

# Their values are found by chance everywhere, and cannot hold text: neither looked for nor looked into.
_WITHOUT_TEXT = re.compile(
    r"^(?:smallint|integer|bigint|int[248]?|numeric|decimal|real|double precision|float[48]?|money|boolean|bool|oid|"
    r"date|time|timestamp|timestamptz|timetz|interval|bit|(?:int[48]|num|ts|tstz|date)(?:multi)?range|pg_lsn|xid8?|serial|"
    r"bigserial|smallserial)\b",
    re.IGNORECASE,
)
_JSON = re.compile(r"^jsonb?\b", re.IGNORECASE)
_COPY = re.compile(
    r'^COPY (?P<table>(?:"(?:[^"]|"")+"|[^\s."(]+)(?:\.(?:"(?:[^"]|"")+"|[^\s."(]+))*)'
    r'(?: \((?P<columns>(?:"(?:[^"]|"")*"|[^")])*)\))? FROM stdin;\s*$',
    re.IGNORECASE,
)
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\s,".]+)')


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column of a table's data. `number` is its place among all masked columns, -1 where its values stay.

    `text` says that it can hold text: a masked one's originals are looked for, a kept one is looked into.
    """

    name: str
    number: int
    policy: ColumnPolicy
    column: Column
    text: bool

    @property
    def masked(self) -> bool:
        """Whether its values change."""
        return self.number >= 0

    @property
    def by_leaf(self) -> bool:
        """Whether it is JSON of which some leaves stay and some do not."""
        return self.policy.class_ is Class.JSON or bool(_JSON.match(self.column.base))

    @property
    def elements(self) -> bool:
        """Whether it is an array."""
        return "[]" in self.column.type


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The columns of "schema.name" in the order of its data."""

    name: str
    columns: tuple[ColumnPlan, ...]

    def place(self, name: str) -> int:
        """Where the column stands in the data."""
        return next(at for at, column in enumerate(self.columns) if column.name == name)


class Planner:
    """Makes the plan of each table, and numbers the masked columns over all of them."""

    def __init__(self, policy: Policy, schema: Schema) -> None:
        self._policy = complete_policy(policy, schema)
        self._schema = schema
        self.masked: list[str] = []

    def table(self, name: str, columns: tuple[str, ...]) -> TablePlan:
        """The plan of a table whose data has `columns`. SnapshotError where the policy does not say what to do."""
        known = self._schema.tables.get(name)
        if known is None:
            raise _undecided(name)
        if not columns:
            columns = tuple(column.name for column in known.columns if not column.generated)
        described = {column.name: column for column in known.columns}
        for name_ in columns:
            subject = self._policy.tables.get(name, {}).get(name_)
            if subject is not None and subject.subject and subject.subject not in columns:
                raise SnapshotError(f"{name}.{name_}: its subject {subject.subject!r} is no column of the table's data")
        return TablePlan(name, tuple(self._column(name, column, described) for column in columns))

    def _column(self, table: str, name: str, described: Mapping[str, Column]) -> ColumnPlan:
        policy, column = self._policy.tables.get(table, {}).get(name), described.get(name)
        if policy is None or column is None or policy.class_ is Class.UNCLASSIFIED:
            raise _undecided(f"{table}.{name}")
        number = -1
        if policy.class_ is not Class.KEEP:
            number = len(self.masked)
            self.masked.append(f"{table}.{name}")
        return ColumnPlan(
            name=name,
            number=number,
            policy=policy,
            column=column,
            text=not _WITHOUT_TEXT.match(column.base) and not self._is_enum(column),
        )

    def _is_enum(self, column: Column) -> bool:
        # Its values are labels, which the schema shows to everyone.
        return column.base in self._schema.enums or f"public.{column.base}" in self._schema.enums


def copy_statement(text: str) -> tuple[str, tuple[str, ...]]:
    """The table and columns of pg_dump's COPY statement. ValueError where it is not one.

    >>> copy_statement('COPY public."User" (id, "first name") FROM stdin;')
    ('public.User', ('id', 'first name'))
    """
    match = _COPY.match(text)
    if match is None:
        raise ValueError("it is not a COPY statement as pg_dump writes them")
    return ".".join(_names(match["table"])), tuple(_names(match["columns"] or ""))


def _names(listed: str) -> list[str]:
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in _NAME.findall(listed)]


def _undecided(what: str) -> SnapshotError:
    return SnapshotError(
        f"the policy does not say what becomes of {what}",
        hint="`rehearse snapshot policy diff` shows what is new or undecided; give each column a class",
    )
