"""One monotonic clock for a run; every process of the run reads the same one."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Time since the run started, and a way to wait."""

    def now_ns(self) -> int:
        """Nanoseconds since the run started."""
        ...

    def sleep_until(self, at_ns: int) -> None:
        """Return at or just after `at_ns`; at once where it is past."""
        ...


@dataclass(frozen=True, slots=True)
class RunClock:
    """CLOCK_MONOTONIC since `origin_ns`; picklable, and the same in every process of one machine."""

    origin_ns: int

    @classmethod
    def start(cls) -> "RunClock":
        """A clock whose zero is now."""
        return cls(time.monotonic_ns())

    def now_ns(self) -> int:
        """Nanoseconds since the run started."""
        return time.monotonic_ns() - self.origin_ns

    def sleep_until(self, at_ns: int) -> None:
        """Sleep until `at_ns`."""
        while (left := at_ns - self.now_ns()) > 0:
            time.sleep(left / 1e9)
