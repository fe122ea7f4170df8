"""Arrivals that are due while no connection is free: who is next, who gives up, whom `max_waiters` turns away."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from harness.model.sqlstate import POOL_FULL, POOL_TIMEOUT
from harness.rehearsal.traffic.pool import PoolLimits
from harness.rehearsal.traffic.session import ServerError
from harness.rehearsal.traffic.timetable import NEVER, Arriving, Timetable

_FULL: Final = ServerError(POOL_FULL, "max_waiters operations waited for a connection already")
TOO_LATE: Final = ServerError(POOL_TIMEOUT, "no connection was free within pool_timeout")
"""Why an operation gives up that waited for pool_timeout."""


class Waiting:
    """The line for a connection; `unserved` gets each arrival that leaves it without one.

    Nobody needs to meet an arrival that finds no connection: it stays in the timetable until it is taken, gives up, or
    the run ends, and its record is the same. Only where `max_waiters` counts, it must be seen when it comes: then `met`
    holds those who may wait.
    """

    def __init__(
        self, timetable: Timetable, limits: PoolLimits, *, unserved: Callable[[Arriving, int, ServerError], None]
    ) -> None:
        self._timetable = timetable
        self._coming = timetable.coming
        self._patience_ns = limits.pool_timeout_ns
        self._most = limits.max_waiters
        self._unserved = unserved
        self._met: deque[Arriving] = deque()
        self.longest = 0
        """The most arrivals that waited at once."""

    def take(self, now: int) -> Arriving | None:
        """Whose turn it is, now that a connection is free; None where nobody waits."""
        line = self._met or self._coming
        if not line:
            return None
        due = line[0][0]
        if due > now:
            return None
        if due + self._patience_ns <= now:
            self.give_up(now)
            return self.take(now)
        arriving = line.popleft()
        if not line and line is self._coming:
            self._timetable.load()
        return arriving

    def give_up(self, now: int) -> None:
        """Those who have waited for pool_timeout leave."""
        while (line := self._met or self._coming) and line[0][0] + self._patience_ns <= now:
            arriving = line.popleft()
            if not line and line is self._coming:
                self._timetable.load()
            self._unserved(arriving, now, TOO_LATE)

    def meet(self, now: int) -> None:
        """No connection is free: count who waits, turn away whom max_waiters does not let in."""
        if self._most:
            while self._coming and self._coming[0][0] <= now:
                arriving = self._timetable.take()
                if len(self._met) < self._most:
                    self._met.append(arriving)
                else:
                    self._unserved(arriving, now, _FULL)
            self.longest = max(self.longest, len(self._met))
        elif self._coming:
            coming = self._coming
            if coming[-1][0] <= now:
                self._timetable.look_ahead(now)
            while len(coming) > self.longest and coming[self.longest][0] <= now:
                self.longest += 1

    def next_ns(self, *, free: bool) -> int:
        """When somebody comes, or gives up: who finds no connection (`free`: there is one) need not be met."""
        due = self._coming[0][0] if self._coming else NEVER
        if not free and not self._most and due != NEVER:
            due += self._patience_ns
        return min(due, self._met[0][0] + self._patience_ns) if self._met else due

    def count(self, now: int) -> int:
        """How many wait."""
        return len(self._met) + self._timetable.waiting(now)

    def leave(self, now: int) -> Iterable[Arriving]:
        """The run ends: everybody who is due leaves, in order."""
        yield from self._met
        self._met.clear()
        while self._timetable.next_ns <= now:
            yield self._timetable.take()
