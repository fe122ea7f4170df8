"""The leak check: no original value of a masked column may stand anywhere in what is written.

First all masked columns are read and each distinct original becomes a keyed 64-bit number, sorted by column (`Spill`,
`Originals`); then everything that is written is cut into the same pieces (`tokens`) and looked up. What a transform
made is not looked up: among the values it can make are other rows' originals, by chance or because a dictionary holds
them. What it *left* is: a piece of its output that was in its input.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.tokens import Hashes, Pieces, Places, blanked, pieces_of, whole_fields

UNCHANGED_SHARE = 0.02
"""This part of a masked column's distinct values may stay: of 50 names of one length, one does on average."""

UNCHANGED_LEAST = 3
"""So many may whatever the column's size: a permutation of a small set has one fixed point on average."""

# A column's numbers are sorted in memory up to so many, 16 MB; more of them bucket by bucket, by their highest bits.
_AT_ONCE = 1 << 21
_INDEX, _FILTER = ".columns", ".filter"
_IN_CACHE = 1 << 14
_PARTS_BITS = 8  # files that are written at once
# The filter before the search: bits for an original, and words of 64 bits, at the most 64 MB.
_FILTER_BITS = 16
_FILTER_WORDS_BITS = (10, 23)
_LOW_6, _SIX, _ONE = np.uint64(63), np.uint64(6), np.uint64(1)


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """Original values of the masked column `source` stand in `place`, `count` times."""

    place: str
    source: str
    count: int


class Spill:
    """Collects the originals on disk, in `folder`, a file a column; memory stays that of `at_once` numbers."""

    def __init__(self, folder: Path, *, at_once: int = _AT_ONCE) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._at_once = at_once
        self._columns: set[int] = set()
        self.distinct: Counter[int] = Counter()
        self.phrase = 1

    def add(self, column: int, hashes: Hashes, *, phrase: int) -> None:
        """Originals of the column with that number; the same one may come again."""
        self.phrase = max(self.phrase, phrase)
        self._columns.add(column)
        with create_or_append(self._folder / f"{column:04}") as file:
            file.write(hashes.tobytes())

    def finish(self) -> Path:
        """Sort each column's; the file that `Originals` reads."""
        whole = self._folder / "originals"
        files = [self._folder / f"{column:04}" for column in sorted(self._columns)]
        filter_ = _new_filter(sum(file.stat().st_size // 8 for file in files))
        with create_or_append(whole) as out:
            for column, file in zip(sorted(self._columns), files, strict=True):
                for hashes in self._sorted(file):
                    out.write(hashes.tobytes())
                    _mark(filter_, hashes)
                    self.distinct[column] += len(hashes)
        with create_or_append(whole.with_suffix(_INDEX)) as index:
            index.write(np.array(sorted(self.distinct.items()), dtype="<i8").tobytes())
        with create_or_append(whole.with_suffix(_FILTER)) as out:
            out.write(filter_.tobytes())
        return whole

    def _sorted(self, file: Path) -> Iterator[Hashes]:
        """The distinct numbers of a file in order, which is removed."""
        count = file.stat().st_size // 8
        if count <= self._at_once:
            yield distinct(np.fromfile(file, dtype="<u8"))
            file.unlink()
            return
        bits = min((count // self._at_once).bit_length() + 1, _PARTS_BITS)
        parts = [file.with_suffix(f".{number:03}") for number in range(1 << bits)]
        with ExitStack() as stack:
            opened = [stack.enter_context(create_or_append(part)) for part in parts]
            for hashes in _numbers_in(file, self._at_once):
                for out, some in zip(opened, _divided(hashes, bits), strict=True):
                    out.write(some.tobytes())
        file.unlink()
        for part in parts:
            yield distinct(np.fromfile(part, dtype="<u8"))
            part.unlink()


class Originals:
    """The distinct originals of all masked columns, with a filter before the search: mapped, so shared by processes."""

    def __init__(self, file: Path, *, key: bytes, phrase: int) -> None:
        self._hashes: Hashes = _mapped(file, "<u8")
        self._columns = np.fromfile(file.with_suffix(_INDEX), dtype="<i8").reshape(-1, 2)
        self._key = key
        self.phrase = phrase
        self.filter_bits = _mapped(file.with_suffix(_FILTER), "<u8")
        self.filter_shift = _shift_of(self.filter_bits)

    def __len__(self) -> int:
        return len(self._hashes)

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
        wanted = _filter_bits(hashes)
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


def create_or_append(path: Path) -> IO[bytes]:
    """The file to add to, which only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def distinct(hashes: Hashes) -> Hashes:
    """Each number once, in order; `numpy.unique` takes eight times as long for these."""
    ordered = np.sort(hashes)
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def _new_filter(count: int) -> Hashes:
    """An empty filter that suits so many originals."""
    least, most = _FILTER_WORDS_BITS
    return np.zeros(1 << min(max((count * _FILTER_BITS // 64).bit_length(), least), most), dtype=np.uint64)


def _shift_of(filter_: Hashes) -> np.uint64:
    """By how many bits a number is shifted to tell its word of the filter."""
    return np.uint64(64 - (len(filter_) - 1).bit_length())


def _mark(filter_: Hashes, hashes: Hashes) -> None:
    """Set the bits of numbers, which are in order."""
    for begin in range(0, len(hashes), _IN_CACHE):
        some = hashes[begin : begin + _IN_CACHE]
        words = some >> _shift_of(filter_)
        first = np.flatnonzero(np.diff(words, prepend=words[0] + _ONE))
        filter_[words[first]] |= np.bitwise_or.reduceat(_filter_bits(some), first)


def _filter_bits(hashes: Hashes) -> Hashes:
    """The three bits of each number in its word of the filter."""
    bits = _ONE << (hashes & _LOW_6)
    bits |= _ONE << (hashes >> _SIX & _LOW_6)
    bits |= _ONE << (hashes >> _SIX >> _SIX & _LOW_6)
    return bits


def _numbers_in(file: Path, at_once: int) -> Iterator[Hashes]:
    with file.open("rb") as opened:
        while len(hashes := np.fromfile(opened, dtype="<u8", count=at_once)):
            yield hashes


def _divided(hashes: Hashes, bits: int) -> list[Hashes]:
    """The numbers by their highest bits: up to 16 of them numpy sorts by counting, several times as fast as 64."""
    parts = (hashes >> np.uint64(64 - bits)).astype(np.uint16)
    ends = np.cumsum(np.bincount(parts, minlength=1 << bits))
    return np.split(hashes[np.argsort(parts, kind="stable")], ends[:-1])


def _mapped(file: Path, kind: str) -> np.ndarray[tuple[int], np.dtype[Any]]:
    # A file without a byte cannot be mapped.
    return np.memmap(file, dtype=kind, mode="r") if file.stat().st_size else np.empty(0, dtype=kind)
