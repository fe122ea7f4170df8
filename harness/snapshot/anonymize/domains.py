"""Which columns map alike: foreign keys, partitions, inheritance and declared references join columns into domains.

A domain is a name that a subkey is made of. Columns of one domain give equal values for equal values, so joins survive;
columns of different domains do not, so nothing can be joined that could not be joined before.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.follow import Place, all_columns, followed, policy_of
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.schema import Schema
from harness.spec.decode import nearest

JSON_PATH = ":"
"""Between a column and a path inside its JSON, in a reference and in the second part of a place."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two columns that must map alike and, as the policy stands, cannot."""

    first: Place
    second: Place
    reason: str

    def __str__(self) -> str:
        return f"{_text(self.first)} and {_text(self.second)}: {self.reason}"


def domain_of(policy: Policy, schema: Schema) -> Mapping[Place, str]:
    """The domain of each column with data, and of each JSON path of the policy as (table, "column:path").

    SnapshotError names both columns where two that must map alike have different classes or domains, and the reference
    that names no column.
    """
    groups = _Groups(policy, schema)
    if conflicts := list(groups.conflicts()):
        raise SnapshotError(
            "columns that must map alike cannot: " + "; ".join(map(str, conflicts)),
            hint="give both columns the same class and the same domain, or leave the domain out",
        )
    return groups.names()


def domain_conflicts(policy: Policy, schema: Schema) -> tuple[Conflict, ...]:
    """What would make `domain_of` raise."""
    return tuple(_Groups(policy, schema).conflicts())


def complete_policy(policy: Policy, schema: Schema) -> Policy:
    """The policy with a line for every column with data, partitions' too, and with every domain written out."""
    domains = domain_of(policy, schema)
    tables: dict[str, dict[str, ColumnPolicy]] = defaultdict(dict)
    for place in all_columns(schema):
        if (found := policy_of(policy, schema, place)) is not None:
            inner = {
                path: msgspec.structs.replace(leaf, domain=domains[place[0], f"{place[1]}{JSON_PATH}{path}"])
                for path, leaf in found.paths.items()
            }
            tables[place[0]][place[1]] = msgspec.structs.replace(found, domain=domains[place], paths=inner)
    return msgspec.structs.replace(policy, tables=dict(tables))


class _Groups:
    """Union-find over places (Tarjan 1975, without ranks: groups are small)."""

    def __init__(self, policy: Policy, schema: Schema) -> None:
        self._schema = schema
        self._leaves = dict(_places(policy, schema))
        self._parent: dict[Place, Place] = {}
        self._children: set[Place] = set()
        for child, parent in _links(policy, schema):
            self._join(child, parent)
            self._children.add(child)
        self._clashes = list(self._explicit_names())

    def names(self) -> dict[Place, str]:
        """The domain of every place: the one that was written, else the column that all others refer to."""
        names = {}
        for members in self._members():
            written = next((leaf.domain for place in members if (leaf := self._leaves[place]) and leaf.domain), "")
            roots = [place for place in members if place not in self._children] or members
            names.update(dict.fromkeys(members, written or _text(min(roots))))
        return names

    def conflicts(self) -> Iterator[Conflict]:
        """Columns of one group that the policy sets apart."""
        yield from self._clashes
        for members in self._members():
            decided = [place for place in members if self._says(place) is not None]
            for place in decided[1:]:
                first, other = self._says(decided[0]), self._says(place)
                if first is not None and other is not None and _kind(first) != _kind(other):
                    yield Conflict(decided[0], place, f"{' '.join(_kind(first))} and {' '.join(_kind(other))}")

    def _says(self, place: Place) -> ColumnPolicy | None:
        """What the policy says of a place, if it matters here: what is undecided or refers by NULL does not."""
        leaf = self._leaves[place]
        if leaf is None or leaf.class_ is Class.UNCLASSIFIED:
            return None
        return None if leaf.class_ is Class.NULL and place in self._children else leaf

    def _explicit_names(self) -> Iterator[Conflict]:
        """Join groups of the same written domain; a group with two is a conflict."""
        by_name: dict[str, Place] = {}
        for members in self._members():
            written = dict[str, Place]()
            for place in members:
                leaf = self._leaves[place]
                if leaf is not None and leaf.domain:
                    written.setdefault(leaf.domain, place)
            (one, first), *others = [*written.items()] or [("", members[0])]
            for name, place in others:
                yield Conflict(first, place, f"they are in the domains {one!r} and {name!r}")
            for name, place in written.items():
                self._join(place, by_name.setdefault(name, place))
        for name, place in by_name.items():
            # A domain called as a column is called is that column's.
            if (column := _resolved(name, self._schema)) in self._leaves and column is not None:
                self._join(place, column)

    def _members(self) -> list[list[Place]]:
        groups: dict[Place, list[Place]] = defaultdict(list)
        for place in self._leaves:
            groups[self._find(place)].append(place)
        return list(groups.values())

    def _find(self, place: Place) -> Place:
        while (above := self._parent.get(place, place)) != place:
            place = above
        return place

    def _join(self, one: Place, other: Place) -> None:
        first, second = self._find(one), self._find(other)
        if first != second:
            self._parent[first] = second


def _places(policy: Policy, schema: Schema) -> Iterator[tuple[Place, ColumnPolicy | None]]:
    for table, column in all_columns(schema):
        found = policy_of(policy, schema, (table, column))
        yield (table, column), found
        for path, leaf in (found.paths if found else {}).items():
            yield (table, f"{column}{JSON_PATH}{path}"), leaf


def _links(policy: Policy, schema: Schema) -> Iterator[tuple[Place, Place]]:
    """Pairs of places that must map alike, the referring one first."""
    there = all_columns(schema)
    for name, table in schema.tables.items():
        for key in table.foreign_keys:
            for own, other in zip(key.columns, key.referenced, strict=False):
                if (name, own) in there and (key.table, other) in there:
                    yield (name, own), (key.table, other)
        for column in table.columns:
            parent = followed(schema, name, column.name)
            if parent is not None and parent in there and (name, column.name) in there:
                yield (name, column.name), parent
                policies = policy_of(policy, schema, (name, column.name))
                for path in policies.paths if policies else ():
                    yield (name, f"{column.name}:{path}"), (parent[0], f"{column.name}:{path}")
    known = dict(_places(policy, schema))
    for child, target in policy.references.items():
        yield _reference(child, schema, known), _reference(target, schema, known)


def _reference(text: str, schema: Schema, known: Mapping[Place, object]) -> Place:
    place = _resolved(text, schema)
    if place in known and place is not None:
        return place
    what = "path that the policy has" if JSON_PATH in text else "column with data"
    raise SnapshotError(
        f"references: {text!r} is no {what}{nearest(text, map(_text, known))}",
        hint='write "schema.table.column", or "schema.table.column:path" for a path of a JSON column',
    )


def _resolved(text: str, schema: Schema) -> Place | None:
    """The place of a reference; the longest table's name that fits, for names with dots."""
    tables = [name for name in schema.tables if text.startswith(f"{name}.")]
    if not tables:
        return None
    table = max(tables, key=len)
    return table, text.removeprefix(f"{table}.")


def _kind(policy: ColumnPolicy) -> tuple[str, ...]:
    return tuple(filter(None, (policy.class_.value, policy.dictionary, policy.provider)))


def _text(place: Place) -> str:
    return ".".join(place)
