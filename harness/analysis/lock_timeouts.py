"""Which lock_timeout: chance of an attempt, attempts and time needed, and the stall users saw, from what was tried."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.events.history import History
from harness.events.operations import OperationRecords
from harness.events.probes import LockTimeoutTried

_Z95: Final = 1.959964
"""Two-sided 95 % of the normal distribution."""
WANTED: Final = 0.99
"""The chance that a migration is to have within the attempts it may make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTimeoutFacts:
    """One value for one transaction. `low` and `high` bound the chance of an attempt at 95 % (Wilson's interval).

    `needed` attempts give 99 % by the chance as measured, None where none succeeded. `stall_ns` is the longest response
    time of an operation that an attempt met, `p99_ns` that of 99 in 100 of them, None without traffic. `attempt_ns` is
    the mean length of an attempt.
    """

    statements: tuple[str, ...]
    lock_timeout_ms: int
    attempts: int
    successes: int
    low: float
    high: float
    needed: int | None
    stall_ns: int | None
    p99_ns: int | None
    attempt_ns: int
    failed: dict[str, int]
    """Attempts by the SQLSTATE that ended them."""

    @property
    def chance(self) -> float:
        """Successes of attempts."""
        return self.successes / self.attempts

    def within(self, allowed: int) -> float:
        """The chance that one of `allowed` attempts succeeds, by the measured chance of one."""
        return 1 - (1 - self.chance) ** allowed

    def time_ns(self, *, pause_ns: int) -> int | None:
        """How long the needed attempts take with the pause between them, None where none succeeded."""
        return None if self.needed is None else self.needed * self.attempt_ns + (self.needed - 1) * pause_ns


def lock_timeouts_of(history: History) -> tuple[LockTimeoutFacts, ...]:
    """Each transaction with each value, values ascending."""
    tried: defaultdict[tuple[tuple[str, ...], int], list[LockTimeoutTried]] = defaultdict(list)
    for event in history.of(LockTimeoutTried):
        tried[event.statements, event.lock_timeout_ms].append(event)
    order = {key[0]: place for place, key in enumerate(tried)}
    keys = sorted(tried, key=lambda key: (order[key[0]], key[1]))
    return tuple(_facts(*key, tried[key], history.operations) for key in keys)


def recommended(facts: Sequence[LockTimeoutFacts], *, allowed: int) -> LockTimeoutFacts | None:
    """Of one transaction's values the one with the smallest stall that gets through within `allowed` attempts.

    None where none does with 99 %.
    """
    good = [one for one in facts if one.within(allowed) >= WANTED]
    return min(good, key=lambda one: (one.stall_ns or 0, one.lock_timeout_ms), default=None)


def wilson(successes: int, attempts: int) -> tuple[float, float]:
    """The 95 % interval of a chance (Wilson 1927), which is right for few attempts and for none or all succeeding.

    >>> [round(bound, 3) for bound in wilson(8, 10)]
    [0.49, 0.943]
    """
    p, z2 = successes / attempts, _Z95**2
    middle = (p + z2 / (2 * attempts)) / (1 + z2 / attempts)
    half = _Z95 / (1 + z2 / attempts) * math.sqrt(p * (1 - p) / attempts + z2 / (4 * attempts**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def needed_attempts(chance: float) -> int | None:
    """How many attempts give 99 %.

    >>> needed_attempts(0.5), needed_attempts(1.0), needed_attempts(0.0)
    (7, 1, None)
    """
    if chance <= 0:
        return None
    return 1 if chance >= WANTED else math.ceil(math.log(1 - WANTED) / math.log(1 - chance))


def _facts(
    statements: tuple[str, ...], lock_timeout_ms: int, tried: list[LockTimeoutTried], records: OperationRecords
) -> LockTimeoutFacts:
    successes = sum(not event.sqlstate for event in tried)
    low, high = wilson(successes, len(tried))
    times = _met(tried, records)
    failed: defaultdict[str, int] = defaultdict(int)
    for event in tried:
        if event.sqlstate:
            failed[event.sqlstate] += 1
    return LockTimeoutFacts(
        statements=statements,
        lock_timeout_ms=lock_timeout_ms,
        attempts=len(tried),
        successes=successes,
        low=low,
        high=high,
        needed=needed_attempts(successes / len(tried)),
        stall_ns=int(times[-1]) if len(times) else None,
        p99_ns=int(times[math.ceil(len(times) * 0.99) - 1]) if len(times) else None,
        attempt_ns=sum(event.at_ns - event.start_ns for event in tried) // len(tried),
        failed=dict(sorted(failed.items())),
    )


def _met(tried: list[LockTimeoutTried], records: OperationRecords) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Response times, ascending, of the operations that were under way at some time of an attempt."""
    met = np.zeros(len(records), dtype=bool)
    for event in tried:
        met |= (records["due_ns"] <= event.at_ns) & (records["end_ns"] >= event.start_ns)
    return np.sort((records["end_ns"][met] - records["due_ns"][met]).astype(np.int64))
