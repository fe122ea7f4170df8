"""The ledger: keys of rows that the application was told are committed."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from harness.spec.targets import LedgerAction

Key: TypeAlias = tuple[str, ...]


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Acknowledged rows of one table: key columns, and the keys as the server's own text (`column::text`).

    Those of `inserted` that are not in `deleted` must be there; those of `deleted` that are not in `inserted` must be
    gone.
    """

    relation: str
    columns: tuple[str, ...]
    inserted: tuple[Key, ...]
    deleted: tuple[Key, ...]

    @property
    def present(self) -> tuple[Key, ...]:
        """Keys of rows that must be there, sorted; a key that was ever deleted is no proof either way."""
        return tuple(sorted(set(self.inserted) - set(self.deleted)))


Observer: TypeAlias = Callable[[LedgerAction, str, Iterable[Key]], None]
"""Hears of every acknowledged write: action, "schema.table", keys."""


class Ledger:
    """Collects the keys of committed rows, per "schema.table"; `observe` hears of each, too."""

    def __init__(self, columns: Mapping[str, tuple[str, ...]], *, observe: Observer | None = None) -> None:
        self._columns = columns
        self._observe = observe
        self._keys: dict[tuple[str, LedgerAction], set[Key]] = {}

    def acknowledge(self, action: LedgerAction, relation: str, keys: Iterable[Key]) -> None:
        """The transaction that wrote these rows is committed, and the client knows."""
        keys = list(keys)
        self._keys.setdefault((relation, action), set()).update(keys)
        if self._observe is not None:
            self._observe(action, relation, keys)

    def __len__(self) -> int:
        return sum(len(keys) for keys in self._keys.values())

    def entries(self) -> tuple[LedgerEntry, ...]:
        """What was collected, by relation."""
        return tuple(
            LedgerEntry(
                relation=relation,
                columns=self._columns[relation],
                inserted=tuple(sorted(self._keys.get((relation, LedgerAction.INSERT), ()))),
                deleted=tuple(sorted(self._keys.get((relation, LedgerAction.DELETE), ()))),
            )
            for relation in sorted({relation for relation, _ in self._keys})
        )

    def save(self, path: Path) -> None:
        """Write the entries to a new file that only its owner can read."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self.entries()))


def read_ledger(paths: Iterable[Path]) -> tuple[LedgerEntry, ...]:
    """The entries of several processes' files, merged by relation."""
    merged: dict[str, LedgerEntry] = {}
    for path in paths:
        for entry in msgspec.json.decode(path.read_bytes(), type=tuple[LedgerEntry, ...]):
            before = merged.get(entry.relation)
            merged[entry.relation] = entry if before is None else _merge(before, entry)
    return tuple(merged[relation] for relation in sorted(merged))


def _merge(one: LedgerEntry, other: LedgerEntry) -> LedgerEntry:
    return LedgerEntry(
        relation=one.relation,
        columns=one.columns,
        inserted=tuple(sorted({*one.inserted, *other.inserted})),
        deleted=tuple(sorted({*one.deleted, *other.deleted})),
    )


def resolve(written: str, known: Iterable[str]) -> str | None:
    """The "schema.table" of `known` that a statement's relation means; None where there is none or more than one.

    >>> resolve("orders", ["public.orders", "public.items"])
    'public.orders'
    """
    names = list(known)
    if written in names:
        return written
    if f"public.{written}" in names:
        return f"public.{written}"
    found = [name for name in names if name.endswith(f".{written}")]
    return found[0] if len(found) == 1 else None
