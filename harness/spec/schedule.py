"""The pure schedule of arrivals: made from the seed in blocks of 100 ms, as far ahead as the run needs.

An arrival carries its own two uniform draws: which app version, which of its operations. So a change of the version mix
moves no arrival, and a change of the weights changes no version.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from harness.model.units import NS_PER_S
from harness.spec.scenario import Arrival

BLOCK_NS: Final = NS_PER_S // 10
"""Length of a block: making one takes under a millisecond at any rate, so it never delays a dispatch by more."""

DueTimes = npt.NDArray[np.int64]
Draws = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """The arrivals of one block, in order: due times in ns since traffic began, and each one's draws in [0, 1)."""

    due_ns: DueTimes
    version_draw: Draws
    operation_draw: Draws

    def share(self, part: int, parts: int) -> "Block":
        """Every `parts`-th arrival from `part` on: what one of several processes dispatches."""
        pick = slice(part, None, parts)
        return Block(self.due_ns[pick], self.version_draw[pick], self.operation_draw[pick])


def block(rate: float, arrival: Arrival, *, seed: int, index: int) -> Block:
    """Block `index` of the schedule; the same arguments give the same block, whatever was made before.

    Poisson: the count of a block is Poisson distributed and, given the count, the times are independent and uniform:
    that is the Poisson process, with exponential gaps. Uniform: arrival k is due at k / rate.
    """
    times, draws = (np.random.Generator(np.random.PCG64(child)) for child in _seeds(seed, index))
    start = index * BLOCK_NS
    if arrival is Arrival.POISSON:
        count = int(times.poisson(rate * BLOCK_NS / NS_PER_S))
        due = start + np.sort(times.integers(0, BLOCK_NS, count, dtype=np.int64))
    else:
        due = _evenly(Fraction(rate), start, start + BLOCK_NS)
    return Block(due, draws.random(len(due)), draws.random(len(due)))


def _seeds(seed: int, index: int) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(entropy=seed & (2**128 - 1), spawn_key=(index,)).spawn(2)


def _evenly(rate: Fraction, start: int, end: int) -> DueTimes:
    first, last = (ceil(at * rate / NS_PER_S) for at in (start, end))
    due = (np.arange(first, last, dtype=np.int64).astype(object) * NS_PER_S) / rate
    return np.array([ceil(at) for at in due], dtype=np.int64)


def blocks(rate: float, arrival: Arrival, *, seed: int) -> Iterator[Block]:
    """All blocks, without end."""
    index = 0
    while True:
        yield block(rate, arrival, seed=seed, index=index)
        index += 1


def arrivals(rate: float, arrival: Arrival, *, seed: int, from_ns: int, until_ns: int) -> DueTimes:
    """Due times in [from_ns, until_ns), ns since traffic began."""
    first, last = from_ns // BLOCK_NS, -(-until_ns // BLOCK_NS)
    parts = [block(rate, arrival, seed=seed, index=index).due_ns for index in range(first, last)]
    due = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    return due[(due >= from_ns) & (due < until_ns)]


@dataclass(frozen=True, slots=True)
class Weighted:
    """What choosing needs of an operation: its index, its weight, its app version ("" is every one)."""

    index: int
    weight: float
    version: str


class Chooser:
    """Chooses version and operation of an arrival by its draws, for one version mix.

    `mix` gives each version's share and is normalised to 1; an empty mix runs every operation by weight, as version 0.
    ValueError where a version of the mix has no operation to run.
    """

    def __init__(self, operations: Sequence[Weighted], *, versions: Sequence[str], mix: Mapping[str, float]) -> None:
        shares = {version: share for version, share in mix.items() if share > 0}
        if mix and not shares:
            raise ValueError("the version mix gives every version a share of 0; at least one must run")
        names = list(shares) or [""]
        self._version_edges = _edges([shares.get(name, 1.0) for name in names])
        self._versions = [list(versions).index(name) for name in names]
        running = [[o for o in operations if o.weight > 0 and (not mix or o.version in ("", name))] for name in names]
        for name, own in zip(names, running, strict=True):
            if not own:
                raise ValueError(f"no operation runs for app version {name!r}" if name else "no operation runs")
        self._operations = [[o.index for o in own] for own in running]
        self._operation_edges = [_edges([o.weight for o in own]) for own in running]

    def choose(self, version_draw: float, operation_draw: float) -> tuple[int, int]:
        """Index of the version and of the operation."""
        drawn = bisect_right(self._version_edges, version_draw)
        return self._versions[drawn], self._operations[drawn][
            bisect_right(self._operation_edges[drawn], operation_draw)
        ]


def _edges(weights: Sequence[float]) -> list[float]:
    """Upper edges of all shares but the last, so that no rounding leaves a draw without a place."""
    total = sum(weights)
    return [edge / total for edge in accumulate(weights[:-1])]
