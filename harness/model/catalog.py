"""The schema image: every object of a database as kind, identity and definition, and the difference of two images."""

from enum import Enum

import msgspec


class CatalogObject(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One object: `kind` (table, column, index, constraint, …), `identity` (public.orders.status), `definition`
    (its text).

    `position` is the rank of a column among the live columns of its table, 0 for everything else: PostgreSQL cannot
    put a column back where it was, so order is compared apart from the definition.
    """

    kind: str
    identity: str
    definition: str
    position: int = 0


class SchemaImage(msgspec.Struct, frozen=True, kw_only=True):
    """All objects of a database, sorted."""

    objects: tuple[CatalogObject, ...]


class Change(Enum):
    """How an object differs."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    MOVED = "moved"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is not as it was; `before` and `after` are definitions, "" where there is none."""

    kind: str
    identity: str
    change: Change
    before: str = ""
    after: str = ""


class TableDigest(msgspec.Struct, frozen=True, kw_only=True):
    """An order-independent digest of a table's rows, columns taken by name: `rows` counted, `digest` in hex."""

    relation: str
    rows: int
    digest: str
    columns: tuple[str, ...]


def compare_images(before: SchemaImage, after: SchemaImage) -> tuple[Difference, ...]:
    """What differs in `after`, sorted by kind and identity; a column whose rank alone changed is MOVED."""
    old = {(o.kind, o.identity): o for o in before.objects}
    new = {(o.kind, o.identity): o for o in after.objects}
    differences = []
    for key in sorted(old.keys() | new.keys()):
        a, b = old.get(key), new.get(key)
        kind, identity = key
        if a is None and b is not None:
            differences.append(Difference(kind=kind, identity=identity, change=Change.EXTRA, after=b.definition))
        elif a is not None and b is None:
            differences.append(Difference(kind=kind, identity=identity, change=Change.MISSING, before=a.definition))
        elif a is not None and b is not None and a.definition != b.definition:
            differences.append(
                Difference(
                    kind=kind,
                    identity=identity,
                    change=Change.CHANGED,
                    before=a.definition,
                    after=b.definition,
                )
            )
        elif a is not None and b is not None and a.position != b.position:
            differences.append(
                Difference(
                    kind=kind,
                    identity=identity,
                    change=Change.MOVED,
                    before=f"#{a.position}",
                    after=f"#{b.position}",
                )
            )
    return tuple(differences)
