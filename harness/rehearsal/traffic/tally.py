"""What the event loop counts besides the records."""

from dataclasses import dataclass, field

import numpy as np

from harness.rehearsal.traffic.lag import LagHistogram
from harness.rehearsal.traffic.plan import LATE_NS, FirstError
from harness.rehearsal.traffic.session import ServerError


@dataclass(slots=True)
class Tally:
    """Counts; `lags` are dispatch lags in ns that are not yet in the histogram `lag`.

    `absorbed` counts errors that a retry followed, `connects` is the histogram of how long connecting again took.
    """

    offered: int = 0
    late: int = 0
    longest_queue: int = 0
    absorbed: int = 0
    connect_failures: int = 0
    lags: list[int] = field(default_factory=list)
    lag: LagHistogram = field(default_factory=LagHistogram)
    connects: LagHistogram = field(default_factory=LagHistogram)
    errors: dict[tuple[int, str], FirstError] = field(default_factory=dict)

    def fold(self) -> None:
        """Move the lags into the histogram, many at once: one by one it took a twentieth of the loop's time."""
        if self.lags:
            self.lag.add_all(self.lags)
            self.late += int(np.count_nonzero(np.asarray(self.lags) > LATE_NS))
            self.lags.clear()

    def take_connects(self, took_ns: list[int]) -> None:
        """Count how long connecting took, and forget the list."""
        self.connects.add_all(took_ns)
        took_ns.clear()

    def note(self, operation: int, error: ServerError, statement: int) -> None:
        """Keep the first error of its kind."""
        key = (operation, error.sqlstate)
        if key not in self.errors:
            self.errors[key] = FirstError(operation, statement, error.sqlstate, error.message)
