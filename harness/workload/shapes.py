"""Transactions that do the same put together: repetitions told apart from what is repeated."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias, TypeVar

_LONGEST_BLOCK: Final = 6  # statements that repeat together: what a loop of an application holds
_MAX_VECTORS: Final = 256  # numbers of repetitions that are told apart in one shape
_EXACT_VECTORS: Final = 4  # up to so many, each is an operation of its own
_BINS: Final = 4  # else as many, each with its own mean

T = TypeVar("T", bound=Hashable)
Block: TypeAlias = tuple[T, ...]
Counts: TypeAlias = tuple[int, ...]


def collapse(items: Sequence[T]) -> tuple[tuple[Block[T], ...], Counts]:
    """`items` as blocks and how often each is repeated in a row.

    >>> collapse("abbbcdcd")
    ((('a',), ('b',), ('c', 'd')), (1, 3, 2))
    """
    blocks: list[Block[T]] = []
    counts: list[int] = []
    at = 0
    while at < len(items):
        length, times = _repetition(items, at)
        blocks.append(tuple(items[at : at + length]))
        counts.append(times)
        at += length * times
    return tuple(blocks), tuple(counts)


def _repetition(items: Sequence[T], at: int) -> tuple[int, int]:
    """The block at `at` that covers most with its repetitions; the shorter one of two that cover as much."""
    best = (1, 1)
    for length in range(1, min(_LONGEST_BLOCK, (len(items) - at) // 2) + 1):
        times = 1
        while items[at + times * length : at + (times + 1) * length] == items[at : at + length]:
            times += 1
        if times > 1 and length * times > best[0] * best[1]:
            best = (length, times)
    return best


@dataclass(slots=True)
class RepetitionCounts:
    """How often the blocks of one shape are repeated, over all its transactions."""

    transactions: int = 0
    vectors: Counter[Counts] = field(default_factory=Counter)

    def add(self, counts: Counts) -> None:
        """One more transaction. Where too many differ, each goes to a known one that is near."""
        self.transactions += 1
        if counts not in self.vectors and len(self.vectors) >= _MAX_VECTORS:
            counts = min(self.vectors, key=lambda known: sum(abs(a - b) for a, b in zip(known, counts, strict=True)))
        self.vectors[counts] += 1

    def operations(self) -> list[tuple[Counts, float]]:
        """Numbers of repetitions with their weights: few as they are, many as means whose weighted sum is exact."""
        if len(self.vectors) <= _EXACT_VECTORS:
            return [(counts, float(weight)) for counts, weight in self.vectors.most_common()]
        found: Counter[Counts] = Counter()
        for part in self._bins():
            weight = sum(part.values())
            means = [sum(c[i] * w for c, w in part.items()) / weight for i in range(len(next(iter(part))))]
            for counts, share in _rounded(means):
                found[counts] += round(share * weight * 1e6)
        return [(counts, weight / 1e6) for counts, weight in found.most_common() if weight]

    def _bins(self) -> list[dict[Counts, float]]:
        """The vectors in order of their length, cut into parts of equal weight."""
        bins: list[dict[Counts, float]] = [{} for _ in range(_BINS)]
        before = 0.0
        for counts, weight in sorted(self.vectors.items(), key=lambda item: (sum(item[0]), item[0])):
            left = float(weight)
            while left > 0:
                index = min(_BINS - 1, math.floor(before * _BINS / self.transactions + 1e-9))
                room = (index + 1) * self.transactions / _BINS - before if index < _BINS - 1 else left
                taken = min(left, max(room, 1e-9))
                bins[index][counts] = bins[index].get(counts, 0.0) + taken
                before, left = before + taken, left - taken
        return [part for part in bins if part]


def _rounded(means: Sequence[float]) -> list[tuple[Counts, float]]:
    """Whole numbers with shares: each is rounded up for its fraction's share, so that the mean stays exactly."""
    fractions = [mean - math.floor(mean) for mean in means]
    edges = sorted({0.0, 1.0, *fractions})
    found = []
    for low, high in pairwise(edges):
        counts = tuple(math.floor(m) + (f > low) for m, f in zip(means, fractions, strict=True))
        found.append((counts, high - low))
    return found
