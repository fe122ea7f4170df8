"""The originals of the leak check as files: appended by column, then sorted, with a filter before the search.

A number is a value's keyed hash, so numbers are spread evenly over 64 bits; both ways of sorting here rest on that.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from harness.snapshot.anonymize.tokens import Hashes

FILE = "originals"
"""The name, in the folder of a `Spill`, of the file of sorted numbers."""

INDEX, FILTER = ".columns", ".filter"
"""The suffixes of the files beside it: each column's number with how many it has, and the filter."""

# A column's numbers are sorted in memory up to so many, 16 MB; more of them bucket by bucket, by their highest bits.
_AT_ONCE = 1 << 21
_IN_CACHE = 1 << 14
_PARTS_BITS = 8  # files that are written at once
# Bits for an original, and words of 64 bits, at the most 64 MB.
_FILTER_BITS = 16
_FILTER_WORDS_BITS = (10, 23)
_LOW_6, _SIX, _ONE = np.uint64(63), np.uint64(6), np.uint64(1)


@dataclass(frozen=True, slots=True)
class Sorting:
    """Two ways to the same: `BY_NUMPY`, and compiled (`kernels/sorting.py`).

    `distinct(numbers, shared)` is each number once, in order; the highest `shared` bits are alike in all of them.
    `mark(filter, numbers)` sets the bits of numbers, which are in order.
    """

    distinct: Callable[[Hashes, int], Hashes]
    mark: Callable[[Hashes, Hashes], None]


class Spill:
    """Collects the originals on disk, in `folder`, a file a column; memory stays that of `at_once` numbers."""

    def __init__(self, folder: Path, *, at_once: int = _AT_ONCE) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._at_once = at_once
        self.phrase = 1

    def add(self, column: int, hashes: Hashes, *, phrase: int) -> None:
        """Originals of the column with that number; the same one may come again."""
        self.phrase = max(self.phrase, phrase)
        with create_or_append(self._folder / f"{column:04}") as file:
            file.write(hashes.data)

    def finish(self, sorting: "Sorting | None" = None) -> Path:
        """Sort each column's, which may have been added elsewhere; the file that `Originals` reads."""
        sorting = sorting or BY_NUMPY
        whole = self._folder / FILE
        files = sorted(self._folder.iterdir())
        filter_ = _new_filter(sum(file.stat().st_size // 8 for file in files))
        counts = []
        with create_or_append(whole) as out:
            for file in files:
                count = 0
                for hashes in self._sorted(file, sorting):
                    out.write(hashes.data)
                    sorting.mark(filter_, hashes)
                    count += len(hashes)
                counts.append((int(file.name), count))
        with create_or_append(whole.with_suffix(INDEX)) as index:
            index.write(np.array(counts, dtype="<i8").tobytes())
        with create_or_append(whole.with_suffix(FILTER)) as out:
            out.write(filter_.tobytes())
        return whole

    def _sorted(self, file: Path, sorting: Sorting) -> Iterator[Hashes]:
        """The distinct numbers of a file in order, which is removed."""
        count = file.stat().st_size // 8
        if count <= self._at_once:
            yield sorting.distinct(np.fromfile(file, dtype="<u8"), 0)
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
            yield sorting.distinct(np.fromfile(part, dtype="<u8"), bits)
            part.unlink()


def create_or_append(path: Path) -> IO[bytes]:
    """The file to add to, which only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def distinct(hashes: Hashes, shared: int = 0) -> Hashes:  # noqa: ARG001 - as `Sorting` has it
    """Each number once, in order; `numpy.unique` takes eight times as long for these."""
    ordered = np.sort(hashes)
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def shift_of(filter_: Hashes) -> np.uint64:
    """By how many bits a number is shifted to tell its word of the filter."""
    return np.uint64(64 - (len(filter_) - 1).bit_length())


def filter_bits(hashes: Hashes) -> Hashes:
    """The three bits of each number in its word of the filter."""
    bits = _ONE << (hashes & _LOW_6)
    bits |= _ONE << (hashes >> _SIX & _LOW_6)
    bits |= _ONE << (hashes >> _SIX >> _SIX & _LOW_6)
    return bits


def _mark(filter_: Hashes, hashes: Hashes) -> None:
    for begin in range(0, len(hashes), _IN_CACHE):
        some = hashes[begin : begin + _IN_CACHE]
        words = some >> shift_of(filter_)
        first = np.flatnonzero(np.diff(words, prepend=words[0] + _ONE))
        filter_[words[first]] |= np.bitwise_or.reduceat(filter_bits(some), first)


BY_NUMPY = Sorting(distinct, _mark)
"""Without a compiler: what small dumps are sorted with."""


def _new_filter(count: int) -> Hashes:
    """An empty filter that suits so many originals."""
    least, most = _FILTER_WORDS_BITS
    return np.zeros(1 << min(max((count * _FILTER_BITS // 64).bit_length(), least), most), dtype=np.uint64)


def _numbers_in(file: Path, at_once: int) -> Iterator[Hashes]:
    with file.open("rb") as opened:
        while len(hashes := np.fromfile(opened, dtype="<u8", count=at_once)):
            yield hashes


def _divided(hashes: Hashes, bits: int) -> list[Hashes]:
    """The numbers by their highest bits: up to 16 of them numpy sorts by counting, several times as fast as 64."""
    parts = (hashes >> np.uint64(64 - bits)).astype(np.uint16)
    ends = np.cumsum(np.bincount(parts, minlength=1 << bits))
    return np.split(hashes[np.argsort(parts, kind="stable")], ends[:-1])
