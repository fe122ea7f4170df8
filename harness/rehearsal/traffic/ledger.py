"""The ledger: keys of rows that the application was told are committed."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from harness.spec.targets import LedgerAction

Key: TypeAlias = tuple[str, ...]
_Line: TypeAlias = tuple[LedgerAction, str, Key]
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Line)
_BLOCK: Final = 1024  # rows a write: some 100 kB, which takes well under a millisecond


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
    """Writes the keys of committed rows to a new file that only its owner can read; `observe` hears of each, too.

    They may be personal data, and in an hour they are millions: the file keeps them, not this process.
    """

    def __init__(self, path: Path, *, observe: Observer | None = None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._observe = observe
        self._pending: list[_Line] = []
        self._rows = 0

    def acknowledge(self, action: LedgerAction, relation: str, keys: Iterable[Key]) -> None:
        """The transaction that wrote these rows is committed, and the client knows."""
        keys = list(keys)
        self._rows += len(keys)
        self._pending += [(action, relation, key) for key in keys]
        if len(self._pending) >= _BLOCK:
            self._write()
        if self._observe is not None:
            self._observe(action, relation, keys)

    def __len__(self) -> int:
        """Rows acknowledged; one that was written twice counts twice."""
        return self._rows

    def close(self) -> None:
        """Write the rest and close the file."""
        self._write()
        os.close(self._file)

    def _write(self) -> None:
        data = memoryview(_ENCODER.encode_lines(self._pending))
        while data:
            data = data[os.write(self._file, data) :]
        self._pending = []


def read_ledger(paths: Iterable[Path], columns: Mapping[str, tuple[str, ...]]) -> tuple[LedgerEntry, ...]:
    """What the files of all processes hold, by relation; `columns` are the key columns of each "schema.table"."""
    keys: defaultdict[tuple[str, LedgerAction], set[Key]] = defaultdict(set)
    for path in paths:
        with path.open("rb") as lines:
            for action, relation, key in map(_DECODER.decode, lines):
                keys[relation, action].add(key)
    return tuple(
        LedgerEntry(
            relation=relation,
            columns=columns[relation],
            inserted=tuple(sorted(keys[relation, LedgerAction.INSERT])),
            deleted=tuple(sorted(keys[relation, LedgerAction.DELETE])),
        )
        for relation in sorted({relation for relation, _ in keys})
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
