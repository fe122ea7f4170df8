"""Names of relations by OID: all there are at the start of a pass, and at once those that appear later."""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import psycopg

from harness.events.observation import RelationSeen
from harness.model.words import Pass
from harness.postgres.connect import Connection
from harness.rehearsal.observer.queries import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation: its qualified name when first seen, its relkind, and the table an index belongs to."""

    oid: int
    relation: str
    name: str
    kind: str
    table: str
    rows: int | None
    size_bytes: int | None
    is_system: bool
    existed: bool


class Relations:
    """The map from OID to relation; loaded once, added to by any thread, each with a connection of its own.

    A rewrite swaps relfilenodes, not OIDs, and a renamed relation keeps the name it had first, so entries never change.
    """

    def __init__(self, *, pass_: Pass, counts: Mapping[str, int] | None = None) -> None:
        self._pass = pass_
        self._counts = dict(counts or {})
        self._by_oid: dict[int, Relation] = {}
        self._by_unqualified: dict[str, list[Relation]] = {}
        self._lock = threading.Lock()

    def load(self, connection: Connection, *, at_ns: int) -> list[RelationSeen]:
        """Everything there is, as what existed before; the events of what is not the system's own."""
        try:
            rows = connection.execute(text("relations"), {"oids": None, "measure": True}).fetchall()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            rows = connection.execute(text("relations"), {"oids": None, "measure": False}).fetchall()
        return self._add((_relation(row, existed=True) for row in rows), at_ns=at_ns)

    def learn(self, connection: Connection, oids: Collection[int], *, at_ns: int) -> list[RelationSeen]:
        """Look up OIDs that are not known; those of uncommitted relations stay unknown until they are committed."""
        rows = connection.execute(text("relations"), {"oids": list(oids), "measure": False}).fetchall()
        return self._add((_relation(row, existed=False) for row in rows), at_ns=at_ns)

    def get(self, oid: int) -> Relation | None:
        """The relation of an OID, None where it was never visible."""
        return self._by_oid.get(oid)

    def unknown(self, oids: Iterable[int]) -> set[int]:
        """Those of `oids` that are not in the map."""
        return {oid for oid in oids if oid not in self._by_oid}

    def name(self, oid: int) -> str:
        """The qualified name, or "oid N" for a relation that was never visible; "" for 0."""
        if oid == 0:
            return ""
        relation = self._by_oid.get(oid)
        return relation.relation if relation else f"oid {oid}"

    def by_name(self, qualified: str) -> Relation | None:
        """The relation of a qualified name; None where there is none."""
        with self._lock:
            return next((r for r in self._by_oid.values() if r.relation == qualified), None)

    def by_unqualified(self, name: str) -> str:
        """The qualified name of the only relation called `name` (its table for an index), else `name` itself."""
        with self._lock:
            found = self._by_unqualified.get(name, ())
            if len(found) != 1:
                return name
            return found[0].table or found[0].relation

    def _add(self, relations: Iterable[Relation], *, at_ns: int) -> list[RelationSeen]:
        with self._lock:
            new = [r for r in relations if r.oid not in self._by_oid]
            self._by_oid.update({r.oid: r for r in new})
            for relation in new:
                if not relation.is_system:
                    self._by_unqualified.setdefault(relation.name, []).append(relation)
        return [self._seen(r, at_ns=at_ns) for r in new if not r.is_system]

    def _seen(self, relation: Relation, *, at_ns: int) -> RelationSeen:
        return RelationSeen(
            at_ns=at_ns,
            pass_=self._pass,
            oid=relation.oid,
            relation=relation.relation,
            kind=relation.kind,
            existed=relation.existed,
            table=relation.table,
            rows=self._counts.get(relation.relation, relation.rows),
            size_bytes=relation.size_bytes,
        )


def _relation(row: tuple[object, ...], *, existed: bool) -> Relation:
    oid, qualified, name, kind, table, rows, size, is_system = row
    return Relation(
        oid=int(str(oid)),
        relation=str(qualified),
        name=str(name),
        kind=str(kind),
        table=str(table),
        rows=rows if isinstance(rows, int) else None,
        size_bytes=size if isinstance(size, int) else None,
        is_system=bool(is_system),
        existed=existed,
    )
