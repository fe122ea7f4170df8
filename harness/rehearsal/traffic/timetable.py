"""The arrivals of one process in order, with the operation that each one runs."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from harness.spec.schedule import Block, Chooser, Schedule

NEVER: Final = 2**63 - 1
"""After any run: nothing is due."""


class Arriving(NamedTuple):
    """One arrival: due in ns since the run started, index of operation and version.

    A tuple, because one is made for each operation: a frozen dataclass takes four times as long.
    """

    due_ns: int
    operation: int
    version: int


class Timetable:
    """Arrivals from `begin` until `end`, block by block; the mix in force when one is due chooses for it."""

    def __init__(self, schedule: Schedule, *, choosers: Callable[[Mapping[str, float]], Chooser]) -> None:
        self._schedule = schedule
        self._choosers = choosers
        self._origin_ns: int | None = None
        self._end_ns = NEVER
        self._due: list[int] = []
        self._chosen: list[tuple[int, int]] = []
        self._block: Block | None = None
        self._at = 0
        self._chooser: Chooser | None = None
        self._mixes: deque[tuple[int, Chooser]] = deque()
        self.next_ns = NEVER

    def begin(self, at_ns: int) -> None:
        """Arrival times count from `at_ns`."""
        self._origin_ns = at_ns
        self._find_next()

    def set_rate(self, at_ns: int, rate: float | None) -> None:
        """`rate` is offered from `at_ns` on, None: what [traffic] says; only after `begin`. What was due stays so."""
        if self._origin_ns is None:
            raise ValueError("traffic has not begun")
        self._schedule.change_rate(at_ns - self._origin_ns, rate, left=len(self._due) - self._at)
        self._due, self._at = [], 0
        self._find_next()

    def set_mix(self, at_ns: int, mix: Mapping[str, float]) -> None:
        """Arrivals due at `at_ns` or later are drawn from `mix`."""
        self._mixes.append((at_ns, self._choosers(mix)))

    def end(self, at_ns: int) -> None:
        """Nothing is due at `at_ns` or later."""
        self._end_ns = at_ns
        if self.next_ns >= at_ns:
            self.next_ns = NEVER

    def take(self) -> Arriving:
        """The next arrival; only where `next_ns` is not NEVER."""
        due, at = self.next_ns, self._at
        if self._mixes and self._mixes[0][0] <= due:
            self._change_mix(due)
        if self._chooser is None:
            raise LookupError("no version mix is set")
        version, operation = self._chosen[at]
        self._at = at = at + 1
        if at < len(self._due):
            following = self._due[at]
            self.next_ns = following if following < self._end_ns else NEVER
        else:
            self._find_next()
        return Arriving(due, operation, version)

    def _change_mix(self, due: int) -> None:
        while self._mixes and self._mixes[0][0] <= due:
            self._chooser = self._mixes.popleft()[1]
        self._choose()

    def _choose(self) -> None:
        """Choose for the whole block at once; done again where the mix changes in the middle of it."""
        if self._block is not None and self._chooser is not None:
            block = self._block
            self._chosen = self._chooser.choose_all(block.version_draw, block.operation_draw, block.named)

    def _find_next(self) -> None:
        if self._at >= len(self._due) and not self._load():
            self.next_ns = NEVER
            return
        due = self._due[self._at]
        self.next_ns = due if due < self._end_ns else NEVER

    def _load(self) -> bool:
        block = self._schedule.next_block()
        if block is None:
            return False
        self._due = (block.due_ns + (self._origin_ns or 0)).tolist()
        self._block = block
        self._at = 0
        self._choose()
        return True
