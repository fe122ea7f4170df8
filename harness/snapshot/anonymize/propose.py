"""`anonymize --init`: a policy to begin a review with, from names, types, constraints and sampled values.

It errs on the side of asking: what nothing tells of is unclassified, and so is what would break a constraint. No value
ever stands in a reason.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Known:
    """What deciding needs to look up: `own` columns, those that others refer to, `heirs` that follow a table."""

    schema: Schema
    samples: Samples
    own: dict[Place, Column]
    references: dict[Place, Place]
    referred: set[Place]
    heirs: dict[str, list[str]]
    decided: dict[Place, ColumnPolicy] = field(default_factory=dict)


def propose(schema: Schema, samples: Samples) -> Policy:
    """A line for every column that needs one, with a reason and a confidence (0 to 1, absent where undecided).

    Columns that refer to another follow it; ids that only their names connect are written down as references.
    """
    known = _known(schema, samples)
    tables: dict[str, dict[str, ColumnPolicy]] = {}
    for place in known.own:
        tables.setdefault(place[0], {})[place[1]] = _decide(place, known, ())
    written = {".".join(child): ".".join(target) for child, target in known.references.items()}
    policy = Policy(tables=tables, references=written)
    for _ in range(_ROUNDS):
        broken = _broken(policy, schema)
        if not broken:
            break
        policy = _undecided(policy, broken | _followers(broken, known))
    return policy


def _known(schema: Schema, samples: Samples) -> _Known:
    own = own_columns(schema)
    referred = {
        (key.table, column)
        for table in schema.tables.values()
        for key in table.foreign_keys
        for column in key.referenced
    }
    heirs: dict[str, list[str]] = defaultdict(list)
    for name in schema.tables:
        for above in _ancestors(name, schema):
            heirs[above].append(name)
    return _Known(schema, samples, own, _references(schema, own), referred, heirs)


def _decide(place: Place, known: _Known, asked: tuple[Place, ...]) -> ColumnPolicy:
    if place in known.decided:
        return known.decided[place]
    table, column = known.schema.tables[place[0]], known.own[place]
    target = _target(place, known)
    if target is not None and target in known.own and target not in (*asked, place):
        found = _decide(target, known, (*asked, place))
        reason = f"refers to {'.'.join(target)}"
        decided = msgspec.structs.replace(found, type=column.type, reason=reason, paths={})
    else:
        key = (column.name,) in table.unique_keys or place in known.referred
        facts = Facts(table.name, key, tuple(_values(place, known)))
        decided = _by_constraint(column, table, known.schema) or propose_column(column, facts)
    known.decided[place] = decided
    return decided


def _target(place: Place, known: _Known) -> Place | None:
    for key in known.schema.tables[place[0]].foreign_keys:
        for own, other in zip(key.columns, key.referenced, strict=False):
            if own == place[1] and (key.table, other) != place:
                return key.table, other
    return known.references.get(place)


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


def _values(place: Place, known: _Known) -> list[bytes]:
    """The samples of a column, with those of the partitions and heirs that follow it."""
    tables = [place[0], *known.heirs.get(place[0], ())]
    return [value for table in tables for value in known.samples.get((table, place[1]), ())]


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


def _followers(broken: Mapping[Place, str], known: _Known) -> dict[Place, str]:
    """Columns that refer to one that is undecided now, however far."""
    children: dict[Place, list[Place]] = defaultdict(list)
    for place in known.own:
        if (target := _target(place, known)) is not None:
            children[target].append(place)
    found: dict[Place, str] = {}
    waiting = list(broken)
    while waiting:
        target = waiting.pop()
        for place in children[target]:
            if place not in broken and place not in found:
                found[place] = f"refers to {'.'.join(target)}"
                waiting.append(place)
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
