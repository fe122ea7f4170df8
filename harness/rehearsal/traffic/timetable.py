"""The arrivals of one process in order, with the operation that each one runs."""

from collections import deque
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from harness.spec.schedule import Block, Chooser, DueTimes, Schedule

NEVER: Final = 2**63 - 1
"""After any run: nothing is due."""
Arriving: TypeAlias = tuple[int, int, int]
"""One arrival: due in ns since the run started, index of operation and of version.

A bare tuple, because one is made for each operation: `zip` makes a thousand in the time that a class takes for fifty.
"""


class Timetable:
    """Arrivals from `begin` until `end`, block by block; the mix in force when one is due chooses for it.

    `coming` are those that were not taken, the next one first. It is empty only where nothing is due any more: who
    takes the last one calls `load`. It is for readers that cannot afford a call for each arrival; others use `take`.
    """

    def __init__(self, schedule: Schedule, *, choosers: Callable[[Mapping[str, float]], Chooser]) -> None:
        self._schedule = schedule
        self._choosers = choosers
        self._origin_ns: int | None = None
        self._end_ns = NEVER
        self._mixes: list[tuple[int, Chooser]] = []  # few: one a phase at most
        self._blocks: deque[Block] = deque()  # what `coming` is made of; due in ns since traffic began
        self._held = 0  # arrivals in `_blocks`
        self._loaded = 0
        self.coming: deque[Arriving] = deque()

    @property
    def next_ns(self) -> int:
        """When the next arrival is due; NEVER where none is."""
        return self.coming[0][0] if self.coming else NEVER

    @property
    def taken(self) -> int:
        """Arrivals that were taken."""
        return self._loaded - len(self.coming)

    def begin(self, at_ns: int) -> None:
        """Arrival times count from `at_ns`."""
        self._origin_ns = at_ns
        self.load()

    def set_rate(self, at_ns: int, rate: float | None) -> None:
        """`rate` is offered from `at_ns` on, None: what [traffic] says; only after `begin`. What was due stays so."""
        if self._origin_ns is None:
            raise ValueError("traffic has not begun")
        left = cut_off = 0
        if self._blocks:
            last = self._blocks.pop()  # the blocks before it are due already: nothing changes them
            self._held -= len(last.due_ns)
            cut_off = int(np.count_nonzero(self._due(last) >= self._end_ns))
            left = min(len(last.due_ns), len(self.coming) + cut_off)
        self._schedule.change_rate(at_ns - self._origin_ns, rate, left=left)
        self._drop(left - cut_off)
        if not self.coming:
            self.load()

    def set_mix(self, at_ns: int, mix: Mapping[str, float]) -> None:
        """Arrivals due at `at_ns` or later are drawn from `mix`."""
        self._mixes.append((at_ns, self._choosers(mix)))
        left = len(self.coming)
        if left:
            chosen = [arriving for block in self._blocks for arriving in self._choose(block)]
            self.coming.clear()
            self.coming.extend(chosen[len(chosen) - left :])

    def end(self, at_ns: int) -> None:
        """Nothing is due at `at_ns` or later."""
        self._end_ns = at_ns
        self._drop(sum(arriving[0] >= at_ns for arriving in self.coming))

    def _drop(self, last: int) -> None:
        """Forget so many of the last that are coming."""
        self._loaded -= last
        for _ in range(last):
            self.coming.pop()

    def take(self) -> Arriving:
        """The next arrival; only where `next_ns` is not NEVER."""
        arriving = self.coming.popleft()
        if not self.coming:
            self.load()
        return arriving

    def load(self) -> None:
        """Put the next block into `coming`, if there is one before the end."""
        if self._blocks and self._due(self._blocks[-1])[-1] >= self._end_ns:
            return
        while self._blocks and self._held - len(self._blocks[0].due_ns) >= len(self.coming):
            self._held -= len(self._blocks.popleft().due_ns)
        block = self._schedule.next_block()
        if block is None:
            return
        chosen = self._choose(block)
        self._blocks.append(block)
        self._held += len(block.due_ns)
        self._loaded += len(chosen)
        self.coming.extend(chosen)

    def look_ahead(self, now: int) -> None:
        """Have all in `coming` that are due at `now`."""
        coming, before = self.coming, -1
        while coming and coming[-1][0] <= now and len(coming) > before:
            before = len(coming)
            self.load()

    def waiting(self, now: int) -> int:
        """How many are due at `now` and were not taken."""
        self.look_ahead(now)
        coming = self.coming
        if not coming or coming[0][0] > now:
            return 0
        last = self._due(self._blocks[-1])
        return len(coming) - int(np.count_nonzero((last > now) & (last < self._end_ns)))

    def _due(self, block: Block) -> DueTimes:
        """In ns since the run started."""
        return block.due_ns + (self._origin_ns or 0)

    def _choose(self, block: Block) -> list[Arriving]:
        """Arrivals of a block before the end; each piece of it by the mix in force then."""
        due = self._due(block)
        due = due[due < self._end_ns]
        if not self._mixes:
            raise LookupError("no version mix is set")
        starts = [at_ns for at_ns, _ in self._mixes]
        edges = [0, *np.searchsorted(due, starts[1:]).tolist(), len(due)]
        arrivals: list[Arriving] = []
        for (_, chooser), (first, end) in zip(self._mixes, pairwise(edges), strict=True):
            if end > first:
                piece = slice(first, end)
                named = None if block.named is None else block.named[piece]
                versions, operations = chooser.choose_all(block.version_draw[piece], block.operation_draw[piece], named)
                arrivals += zip(due[piece].tolist(), operations, versions, strict=True)
        return arrivals
