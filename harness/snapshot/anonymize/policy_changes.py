"""What has become of the schema since the policy was reviewed: columns that are new, gone, or of another type."""

from dataclasses import dataclass

import msgspec

from harness.snapshot.anonymize.follow import own_columns
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class Changed:
    """A column whose type is no longer the one that was reviewed."""

    table: str
    column: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """Columns as (table, column): `new` ones the policy does not name, `gone` ones the schema does not have."""

    new: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    changed: tuple[Changed, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)


def diff_policy(policy: Policy, schema: Schema) -> PolicyDiff:
    """How the schema differs from what the policy names, in the order of tables and columns.

    Partitions and what tables inherit follow their parents and need no line; generated columns hold no data of
    their own and need none either.
    """
    wanted = own_columns(schema)
    named = {(table, column): one for table, columns in policy.tables.items() for column, one in columns.items()}
    extra = {place for place in named if place not in wanted and not _is_of(place, schema)}
    changed = tuple(
        Changed(table, name, named[table, name].type, column.type)
        for (table, name), column in _columns(schema).items()
        if (table, name) in named and named[table, name].type not in ("", column.type)
    )
    return PolicyDiff(
        new=tuple(place for place in wanted if place not in named), gone=tuple(sorted(extra)), changed=changed
    )


def diff_text(diff: PolicyDiff) -> str:
    """The difference in words, one line a column; "" where there is none."""
    lines = [f"new      {table}.{column}" for table, column in diff.new]
    lines += [f"gone     {table}.{column}" for table, column in diff.gone]
    lines += [f"changed  {one.table}.{one.column}: was {one.was}, is {one.now}" for one in diff.changed]
    return "".join(f"{line}\n" for line in lines)


def update_policy(policy: Policy, schema: Schema) -> Policy:
    """The policy made to fit: new and changed columns are unclassified, gone ones are left out with their references,
    and the rest is kept.

    Columns come in the order of the schema.
    """
    diff = diff_policy(policy, schema)
    undecided: dict[tuple[str, str], ColumnPolicy] = {}
    for table, column in diff.new:
        undecided[table, column] = _undecided(schema, table, column, reason="new since the policy was reviewed")
    for one in diff.changed:
        before = policy.tables[one.table][one.column].class_.value
        reason = f"was {one.was} and classed {before}"
        undecided[one.table, one.column] = _undecided(schema, one.table, one.column, reason=reason)
    tables: dict[str, dict[str, ColumnPolicy]] = {}
    for table, column in _columns(schema):
        here = undecided.get((table, column)) or policy.tables.get(table, {}).get(column)
        if here is not None:
            tables.setdefault(table, {})[column] = here
    gone = {".".join(place) for place in diff.gone}
    references = {
        child: target
        for child, target in policy.references.items()
        if gone.isdisjoint((child.partition(":")[0], target.partition(":")[0]))
    }
    return msgspec.structs.replace(policy, tables=tables, references=references)


def _undecided(schema: Schema, table: str, column: str, *, reason: str) -> ColumnPolicy:
    return ColumnPolicy(class_=Class.UNCLASSIFIED, type=schema.tables[table].column(column).type, reason=reason)


def _columns(schema: Schema) -> dict[tuple[str, str], Column]:
    return {(name, column.name): column for name, table in schema.tables.items() for column in table.columns}


def _is_of(place: tuple[str, str], schema: Schema) -> bool:
    """Whether the schema has this column at all: generated, or of a partition that has a line of its own."""
    return place in _columns(schema)
