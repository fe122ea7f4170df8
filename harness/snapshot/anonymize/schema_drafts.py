"""A schema while its statements are read: later ones complete tables, and partitions have much of their parents."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from harness.snapshot.anonymize.schema import Check, Column, ForeignKey, Table
from harness.snapshot.anonymize.schema_sequences import Sequences
from harness.snapshot.anonymize.sql_types import length_of, plain_type, unquoted

_MOST_DOMAINS: Final = 64
"""Domains over domains; more is a circle, which PostgreSQL cannot make and a damaged text can."""


@dataclass(slots=True)
class Draft:
    """A table; `order` is that of its data, where a COPY statement told."""

    columns: dict[str, Column] = field(default_factory=dict)
    unique_keys: list[tuple[str, ...]] = field(default_factory=list)
    primary_key: tuple[str, ...] = ()
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    exclusions: list[tuple[str, ...]] = field(default_factory=list)
    unique_expressions: list[Check] = field(default_factory=list)
    partition_of: str | None = None
    partition_bound: str = ""
    partition_key: tuple[str, ...] = ()
    inherits: list[str] = field(default_factory=list)
    order: tuple[str, ...] = ()

    def change(self, column: str, **changes: Any) -> None:
        """Change fields of a column; a column that is not there is left to the parent that has it."""
        if column in self.columns:
            self.columns[column] = dataclasses.replace(self.columns[column], **changes)


@dataclass(slots=True)
class Domain:
    """A domain: the type under it, and its checks as (name, expression)."""

    base: str
    not_null: bool
    checks: list[tuple[str, str]]


@dataclass(slots=True)
class Drafts:
    """All that has been read: `indexes` are unique ones by table and name, which a constraint may take over."""

    tables: dict[str, Draft] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    indexes: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    sequences: Sequences = field(default_factory=dict)

    def finished(self) -> dict[str, Table]:
        """The tables by name, with partitions and inheriting tables completed by what they have of their parents."""
        done: set[str] = set()
        for name in self.tables:
            self._complete(name, done)
        return {name: self._table(name, draft) for name, draft in sorted(self.tables.items())}

    def _complete(self, name: str, done: set[str]) -> None:
        if name in done:
            return
        done.add(name)
        draft = self.tables[name]
        merged: dict[str, Column] = {}
        for parent in [*([draft.partition_of] if draft.partition_of else []), *draft.inherits]:
            if parent not in self.tables:
                continue
            self._complete(parent, done)
            theirs = self.tables[parent]
            merged = {**theirs.columns, **merged}
            add_all(draft.checks, theirs.checks)
            if parent == draft.partition_of:
                add_all(draft.unique_keys, theirs.unique_keys)
                add_all(draft.unique_expressions, theirs.unique_expressions)
                add_all(draft.foreign_keys, theirs.foreign_keys)
        # A partition that says its columns says all of them, in an order of its own.
        if not (draft.partition_of and draft.columns):
            draft.columns = {**merged, **draft.columns}

    def _table(self, name: str, draft: Draft) -> Table:
        columns = [self._resolved(draft.columns[name]) for name in _ordered(draft)]
        targets = (self._with_target(key) for key in draft.foreign_keys)
        domains = {check: None for column in columns for check in self._domain_checks(column)}
        return Table(
            name=name,
            columns=tuple(columns),
            unique_keys=tuple(sorted(draft.unique_keys)),
            foreign_keys=tuple(sorted(targets, key=lambda key: (key.columns, key.name))),
            checks=(*sorted(draft.checks, key=lambda check: check.name), *domains),
            exclusions=tuple(sorted(draft.exclusions)),
            partition_of=draft.partition_of,
            partition_bound=draft.partition_bound,
            partition_key=draft.partition_key,
            inherits=tuple(draft.inherits),
            unique_expressions=tuple(sorted(draft.unique_expressions, key=lambda one: one.expression)),
        )

    def _with_target(self, key: ForeignKey) -> ForeignKey:
        """The key with the columns it refers to, where the statement left them to be the primary key."""
        target = self.tables.get(key.table)
        return key if key.referenced or target is None else dataclasses.replace(key, referenced=target.primary_key)

    def _resolved(self, column: Column) -> Column:
        full = base = self._type_name(column.type)
        not_null, length = column.not_null, length_of(full)
        for _ in range(_MOST_DOMAINS):
            if (domain := self._domain(base)) is None:
                break
            base, not_null = self._type_name(domain.base), not_null or domain.not_null
            length = length or length_of(base)
        return dataclasses.replace(column, type=full, base=plain_type(base), not_null=not_null, max_length=length)

    def _type_name(self, text: str) -> str:
        """The type with its schema, where a hand-written statement left `public` out."""
        plain = unquoted(plain_type(text))
        known = "." not in plain and (f"public.{plain}" in self.enums or f"public.{plain}" in self.domains)
        return f"public.{text}" if known else text

    def _domain_checks(self, column: Column) -> Iterator[Check]:
        text = column.type
        for _ in range(_MOST_DOMAINS):
            if (domain := self._domain(text)) is None:
                return
            for name, expression in domain.checks:
                yield Check(name, expression, (column.name,))
            text = self._type_name(domain.base)

    def _domain(self, text: str) -> Domain | None:
        return self.domains.get(unquoted(plain_type(text)))


def _ordered(draft: Draft) -> list[str]:
    """The columns' names in the order of the data; those that the data does not have keep their places."""
    in_data = iter([name for name in draft.order if name in draft.columns])
    named = frozenset(draft.order)
    return [next(in_data) if name in named else name for name in draft.columns]


def add_all(items: list[Any], more: Any) -> None:
    """Add what is not empty and not there yet."""
    for item in more:
        if item and item not in items:
            items.append(item)
