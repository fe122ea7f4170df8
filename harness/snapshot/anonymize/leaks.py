"""The leak check: no original value of a masked column may stand anywhere in what is written.

First all masked columns are read and each distinct original becomes a keyed 64-bit number, sorted by column (`spill`,
`Originals`); then everything that is written is cut into the same pieces (`tokens`) and looked up. What a transform
made is not looked up: among the values it can make are other rows' originals, by chance or because a dictionary holds
them. What it *left* is: a piece of its output that was in its input.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.spill import FILTER, INDEX, distinct, filter_bits, shift_of
from harness.snapshot.anonymize.tokens import Hashes, Pieces, Places, blanked, pieces_of, whole_fields

UNCHANGED_SHARE = 0.02
"""This part of a masked column's distinct values may stay: of 50 names of one length, one does on average."""

UNCHANGED_LEAST = 3
"""So many may whatever the column's size: a permutation of a small set has one fixed point on average."""


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """Original values of the masked column `source` stand in `place`, `count` times."""

    place: str
    source: str
    count: int


class Originals:
    """The distinct originals of all masked columns, with a filter before the search: mapped, so shared by processes."""

    def __init__(self, file: Path, *, key: bytes, phrase: int) -> None:
        self._hashes: Hashes = _mapped(file, "<u8")
        self._columns = np.fromfile(file.with_suffix(INDEX), dtype="<i8").reshape(-1, 2)
        self._key = key
        self.phrase = phrase
        self.filter_bits = _mapped(file.with_suffix(FILTER), "<u8")
        self.filter_shift = shift_of(self.filter_bits)

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def distinct(self) -> dict[int, int]:
        """How many originals each masked column has, by its number."""
        return dict(self._columns.tolist())

    def in_fields(
        self, fields: list[bytes], *, left_of: list[bytes] | None = None, in_place: bool = False
    ) -> Counter[int]:
        """How often originals of which columns stand in the fields.

        `left_of` are the inputs of a transform whose outputs the fields are: only what was in the input counts; with
        `in_place` only what stood at the same place of it (a word for a word of the same length).
        """
        if not len(self._hashes):
            return Counter()
        pieces = pieces_of(fields, phrase=self.phrase)
        hashes = pieces.hashes(self._key)
        wanted = filter_bits(hashes)
        likely = np.flatnonzero(self.filter_bits[hashes >> self.filter_shift] & wanted == wanted)
        if left_of is not None:
            before = [blanked(field) for field in left_of]
            begins = np.cumsum([0, *(len(field) + 1 for field in before)]) if in_place else None
            kept = [n for n in likely.tolist() if _stood(pieces, n, before[int(pieces.lines[n])], begins)]
            likely = np.array(kept, dtype=np.intp)
        # A word that is a whole field too is one place, not several.
        _, first = np.unique(pieces.starts[likely] << 32 | pieces.ends[likely], return_index=True)
        return self.count(hashes[likely[first]])

    def count(self, hashes: Hashes) -> Counter[int]:
        """How many of the numbers are originals, each of the first column that has it."""
        found: Counter[int] = Counter()
        begin = 0
        for column, count in self._columns.tolist():
            if not len(hashes):
                break
            known = self._hashes[begin : begin + count]
            begin += count
            at = np.minimum(np.searchsorted(known, hashes), count - 1)
            hit = known[at] == hashes
            found[column] += int(hit.sum())
            hashes = hashes[~hit]
        return +found


def _stood(pieces: Pieces, number: int, before: bytes, begins: Places | None) -> bool:
    """Whether a piece stood in the field before; `begins`: where each field begins, if it must be at the same place."""
    piece = pieces.piece(number)
    if begins is None:
        return piece in before
    at = int(pieces.starts[number] - begins[int(pieces.lines[number])])
    return before[at : at + len(piece)] == piece


def original_hashes(fields: list[bytes], *, key: bytes) -> tuple[Hashes, int]:
    """The distinct numbers of whole fields, and how many compounds the fullest has."""
    pieces = whole_fields(fields)
    return distinct(pieces.hashes(key)), pieces.most_compounds


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


def _mapped(file: Path, kind: str) -> np.ndarray[tuple[int], np.dtype[Any]]:
    # A file without a byte cannot be mapped.
    return np.memmap(file, dtype=kind, mode="r") if file.stat().st_size else np.empty(0, dtype=kind)
