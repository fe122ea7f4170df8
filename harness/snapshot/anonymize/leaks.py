"""The leak check: no original value of a masked column may stand anywhere in what is written.

First all masked columns are read and each distinct original becomes a keyed 64-bit number in a sorted file (`Spill`,
`Originals`); then everything that is written is cut into the same pieces (`tokens`) and looked up. What a transform
made is not looked up: among the values it can make are other rows' originals, by chance or because a dictionary holds
them. What it *left* is: a piece of its output that was in its input.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.tokens import Hashes, pieces_of, whole_fields

UNCHANGED_SHARE = 0.02
"""This part of a masked column's distinct values may stay: of 50 names of one length, one does on average."""

UNCHANGED_LEAST = 3
"""So many may whatever the column's size: a permutation of a small set has one fixed point on average."""

# Of 64-bit numbers, by their highest eight bits: each file is sorted by itself, and so all of them are.
_BUCKETS = 256
_RECORD = np.dtype([("hash", "<u8"), ("column", "<u4")])
_COLUMNS = ".columns"
# Records in memory before they are written: 24 MB.
_HELD = 1 << 21
Records = np.ndarray[tuple[int], np.dtype[Any]]
# Slots of the filter before the search: a byte each, 16 for an original, at the most 32 MB for each process.
_SLOTS_BITS = (16, 25)


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """Original values of the masked column `source` stand in `place`, `count` times."""

    place: str
    source: str
    count: int


class Spill:
    """Collects the originals on disk, in `folder`; memory stays that of one bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._waiting: list[Records] = []
        self._held = 0
        self.distinct: Counter[int] = Counter()
        self.phrase = 1

    def add(self, column: int, hashes: Hashes, *, phrase: int) -> None:
        """Originals of the column with that number; the same one may come again."""
        self.phrase = max(self.phrase, phrase)
        records = np.empty(len(hashes), dtype=_RECORD)
        records["hash"], records["column"] = hashes, column
        self._waiting.append(records)
        self._held += len(records)
        if self._held >= _HELD:
            self._write()

    def finish(self) -> Path:
        """Sort and merge; the file that `Originals` reads."""
        self._write()
        whole = self._folder / "originals"
        with create_or_append(whole) as out, create_or_append(whole.with_suffix(_COLUMNS)) as columns:
            for number in range(_BUCKETS):
                part = self._folder / f"{number:03}"
                if part.exists():
                    records = _distinct(np.fromfile(part, dtype=_RECORD))
                    out.write(records["hash"].tobytes())
                    columns.write(records["column"].tobytes())
                    self.distinct.update(_counts(records["column"]))
                    part.unlink()
        return whole

    def _write(self) -> None:
        records = _distinct(np.concatenate(self._waiting)) if self._waiting else np.empty(0, dtype=_RECORD)
        self._waiting, self._held = [], 0
        cuts = np.searchsorted(records["hash"], np.arange(1, _BUCKETS, dtype=np.uint64) << np.uint64(56))
        for number, part in enumerate(np.split(records, cuts)):
            if len(part):
                with create_or_append(self._folder / f"{number:03}") as file:
                    file.write(part.tobytes())


class Originals:
    """The distinct originals of all masked columns, on disk and mapped into memory."""

    def __init__(self, file: Path, *, key: bytes, phrase: int) -> None:
        self._hashes: Hashes = _mapped(file, "<u8")
        self._columns = _mapped(file.with_suffix(_COLUMNS), "<u4")
        self._key = key
        self._phrase = phrase
        bits = min(max(int(len(self._hashes) * 16).bit_length(), _SLOTS_BITS[0]), _SLOTS_BITS[1])
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(1 << bits, dtype=bool)
        self._slots[self._hashes >> self._shift] = True

    def in_fields(self, fields: list[bytes], *, left_of: list[bytes] | None = None) -> Counter[int]:
        """How often originals of which columns stand in the fields.

        `left_of` are the inputs of a transform whose outputs the fields are: only what was in the input counts.
        """
        if not len(self._hashes):
            return Counter()
        pieces = pieces_of(fields, phrase=self._phrase)
        hashes = pieces.hashes(self._key)
        likely = np.flatnonzero(self._slots[hashes >> self._shift])
        at = np.minimum(np.searchsorted(self._hashes, hashes[likely]), len(self._hashes) - 1)
        hit = self._hashes[at] == hashes[likely]
        found = zip(likely[hit].tolist(), at[hit].tolist(), strict=True)
        if left_of is not None:
            found = ((n, i) for n, i in found if pieces.piece(n) in left_of[int(pieces.lines[n])])  # type: ignore[assignment]
        # A word that is a whole field too is one place, not several.
        places = {(int(pieces.starts[n]), int(pieces.ends[n])): int(self._columns[i]) for n, i in found}
        return Counter(places.values())


def original_hashes(fields: list[bytes], *, key: bytes) -> tuple[Hashes, int]:
    """The distinct numbers of whole fields, and how many compounds the fullest has."""
    pieces = whole_fields(fields)
    return np.unique(pieces.hashes(key)), pieces.most_compounds


def judge_leaks(
    found: Mapping[tuple[str, str], int],
    unchanged: Mapping[str, int],
    distinct: Mapping[str, int],
    *,
    allowed: Mapping[str, Iterable[str]],
) -> tuple[Leak, ...]:
    """What of the findings is a leak: `found` by place and masked column, `unchanged` distinct values by column.

    `distinct` counts each masked column's originals; `allowed` is the policy's `allowed_leaks`.
    """
    leaks = [
        Leak(place, source, count)
        for (place, source), count in found.items()
        if count and source not in set(allowed.get(place.split(":")[0], ()))
    ]
    for column, count in unchanged.items():
        if count and count > max(UNCHANGED_LEAST, UNCHANGED_SHARE * distinct.get(column, 0)):
            leaks.append(Leak(column, column, count))
    return tuple(sorted(leak for leak in leaks))


def refuse_leaks(leaks: tuple[Leak, ...]) -> None:
    """SnapshotError names every place and the masked column that its values come from; never a value."""
    if not leaks:
        return
    lines = list(_told(leaks))
    first = leaks[0]
    raise SnapshotError(
        f"{len(leaks)} leak{'s' if len(leaks) > 1 else ''} found, nothing was kept:\n  " + "\n  ".join(lines),
        hint="give the column a class that masks it; where its words are harmless, write "
        f'[allowed_leaks] "{first.place.split(":")[0]}" = ["{first.source}"] in the policy',
    )


def _told(leaks: tuple[Leak, ...]) -> Iterator[str]:
    for leak in leaks:
        if leak.place == leak.source:
            yield f"{leak.place}: {leak.count} distinct values came out as they went in"
        else:
            yield f"{leak.place}: original values of {leak.source} ({leak.count} times)"


def create_or_append(path: Path) -> IO[bytes]:
    """The file to add to, which only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def _distinct(records: Records) -> Records:
    """Each pair of number and column once, in order of the numbers."""
    ordered = records[np.lexsort((records["column"], records["hash"]))]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = (np.diff(ordered["hash"]) != 0) | (np.diff(ordered["column"]) != 0)
    return ordered[first]


def _mapped(file: Path, kind: str) -> np.ndarray[tuple[int], np.dtype[Any]]:
    # A file without a byte cannot be mapped.
    return np.memmap(file, dtype=kind, mode="r") if file.stat().st_size else np.empty(0, dtype=kind)


def _counts(columns: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> dict[int, int]:
    numbers, counts = np.unique(columns, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
