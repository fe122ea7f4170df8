"""`anonymize --init`: a policy to begin a review with, from names, types, constraints and sampled values.

It errs on the side of asking: what nothing tells of is unclassified, and so is what would break a constraint. No value
ever stands in a reason.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from harness.snapshot.anonymize.check_policy import judge_policy
from harness.snapshot.anonymize.column_names import tokens
from harness.snapshot.anonymize.domains import domain_conflicts
from harness.snapshot.anonymize.findings import Level
from harness.snapshot.anonymize.follow import Place, own_columns, policy_of
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.propose_column import Facts, propose_column
from harness.snapshot.anonymize.schema import Column, Schema, Table
from harness.snapshot.anonymize.sql_types import INTEGERS

_ROUNDS: Final = 8
"""Of taking back what would break a constraint; each makes columns unclassified, and those that refer to them."""

Samples = Mapping[Place, Sequence[bytes]]
"""Some values of each column, in PostgreSQL's text form, without NULLs."""


def propose(schema: Schema, samples: Samples) -> Policy:
    """A line for every column that needs one, with a reason and a confidence (0 to 1, absent where undecided).

    Columns that refer to another follow it; ids that only their names connect are written down as references.
    """
    columns = own_columns(schema)
    decided: dict[Place, ColumnPolicy] = {}
    references = _references(schema, columns)
    for place in columns:
        _decide(place, schema, samples, decided, references, ())
    tables: dict[str, dict[str, ColumnPolicy]] = {}
    for table, column in columns:
        tables.setdefault(table, {})[column] = decided[table, column]
    written = {".".join(child): ".".join(target) for child, target in references.items()}
    policy = Policy(tables=tables, references=written)
    for _ in range(_ROUNDS):
        broken = _broken(policy, schema)
        if not broken:
            break
        policy = _undecided(policy, broken | _followers(broken, schema, references))
    return policy


def _decide(
    place: Place,
    schema: Schema,
    samples: Samples,
    decided: dict[Place, ColumnPolicy],
    references: Mapping[Place, Place],
    asked: tuple[Place, ...],
) -> ColumnPolicy:
    if place in decided:
        return decided[place]
    table = schema.tables[place[0]]
    column = table.column(place[1])
    target = _target(place, table, references)
    if target is not None and target in own_columns(schema) and target not in (*asked, place):
        found = _decide(target, schema, samples, decided, references, (*asked, place))
        decided[place] = msgspec.structs.replace(
            found, type=column.type, reason=f"refers to {'.'.join(target)}", paths={}
        )
    else:
        facts = Facts(table.name, _is_key(column.name, table, schema), tuple(_values(place, schema, samples)))
        decided[place] = _by_constraint(column, table, schema) or propose_column(column, facts)
    return decided[place]


def _target(place: Place, table: Table, references: Mapping[Place, Place]) -> Place | None:
    for key in table.foreign_keys:
        for own, other in zip(key.columns, key.referenced, strict=False):
            if own == place[1] and (key.table, other) != place:
                return key.table, other
    return references.get(place)


def _by_constraint(column: Column, table: Table, schema: Schema) -> ColumnPolicy | None:
    """What the schema itself says of a column's values."""
    if column.base in schema.enums:
        return ColumnPolicy(
            class_=Class.KEEP, type=column.type, reason="labels that the schema itself names", confidence=0.9
        )
    if column.name in table.partition_key:
        reason = "the table is partitioned by it; another class would move rows out of their partitions"
        return ColumnPolicy(class_=Class.KEEP, type=column.type, reason=reason, confidence=0.6)
    for check in table.checks:
        listed = "ANY(ARRAY[" in check.expression or " IN (" in check.expression
        if listed and check.columns == (column.name,):
            reason = "one of a list that the schema itself names"
            return ColumnPolicy(class_=Class.KEEP, type=column.type, reason=reason, confidence=0.95)
    return None


def _is_key(column: str, table: Table, schema: Schema) -> bool:
    """Whether the column's values are all different by themselves, or others refer to it."""
    if (column,) in table.unique_keys:
        return True
    return any(
        key.table == table.name and column in key.referenced
        for other in schema.tables.values()
        for key in other.foreign_keys
    )


def _values(place: Place, schema: Schema, samples: Samples) -> list[bytes]:
    """The samples of a column, with those of the partitions and heirs that follow it."""
    found = list(samples.get(place, ()))
    for name, table in schema.tables.items():
        if table.partition_of or table.inherits:
            above = _ancestors(name, schema)
            if place[0] in above:
                found += samples.get((name, place[1]), ())
    return found


def _ancestors(name: str, schema: Schema) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        table = schema.tables.get(waiting.pop())
        for parent in (table.partition_of, *table.inherits) if table else ():
            if parent and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _references(schema: Schema, columns: Mapping[Place, Column]) -> dict[Place, Place]:
    """Ids that refer to a table by name alone: `user_id` to the only key of `users`, of the same kind of type."""
    keys: dict[str, Place | None] = {}
    for name, table in schema.tables.items():
        single = [key[0] for key in table.unique_keys if len(key) == 1 and key[0] in ("id", *_id_names(name))]
        if single and not table.partition_of:
            for word in _id_names(name):
                keys[word] = None if word in keys else (name, single[0])
    found = {}
    for place, column in columns.items():
        table = schema.tables[place[0]]
        own = any(place[1] in key.columns for key in table.foreign_keys) or (place[1],) in table.unique_keys
        target = keys.get("_".join(tokens(place[1])))
        if own or target is None or target == place or target not in columns:
            continue
        other = columns[target]
        if column.base == other.base or {column.base, other.base} <= INTEGERS:
            found[place] = target
    return found


def _id_names(table: str) -> tuple[str, ...]:
    """What a column that refers to the table is called: `users` is referred to by user_id."""
    words = "_".join(tokens(table.rpartition(".")[2]))
    singular = words[:-3] + "y" if words.endswith("ies") else words.removesuffix("s")
    return tuple(dict.fromkeys((f"{words}_id", f"{singular}_id")))


def _broken(policy: Policy, schema: Schema) -> dict[Place, str]:
    """Columns whose class would break a constraint, with the reason; those they must map like as well."""
    found: dict[Place, str] = {}
    for finding in judge_policy(policy, schema):
        place = (finding.table, finding.column)
        one = policy_of(policy, schema, place) if finding.table in schema.tables else None
        if finding.level is Level.ERROR and one is not None and one.class_ is not Class.UNCLASSIFIED:
            found.setdefault(place, f"{one.class_.value} does not fit: {finding.reason}")
    for conflict in domain_conflicts(policy, schema):
        found.setdefault(conflict.first, f"must map like {'.'.join(conflict.second)}: {conflict.reason}")
        found.setdefault(conflict.second, f"must map like {'.'.join(conflict.first)}: {conflict.reason}")
    return found


def _followers(broken: Mapping[Place, str], schema: Schema, references: Mapping[Place, Place]) -> dict[Place, str]:
    """Columns that refer to one that is undecided now, however far."""
    found: dict[Place, str] = {}
    grown = True
    while grown:
        grown = False
        for place in own_columns(schema):
            target = _target(place, schema.tables[place[0]], references)
            if (
                target is not None
                and place not in found
                and place not in broken
                and (target in broken or target in found)
            ):
                found[place] = f"refers to {'.'.join(target)}"
                grown = True
    return found


def _undecided(policy: Policy, broken: Mapping[Place, str]) -> Policy:
    tables = {
        table: {
            name: _unclassified(one, broken[table, name]) if (table, name) in broken else one
            for name, one in columns.items()
        }
        for table, columns in policy.tables.items()
    }
    return msgspec.structs.replace(policy, tables=tables)


def _unclassified(one: ColumnPolicy, reason: str) -> ColumnPolicy:
    return ColumnPolicy(class_=Class.UNCLASSIFIED, type=one.type, reason=reason)
