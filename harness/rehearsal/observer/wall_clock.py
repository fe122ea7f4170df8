"""The server's wall clock on the run's monotonic clock."""

from bisect import bisect_right
from dataclasses import dataclass

from harness.events.run import ClockAnchored
from harness.model.clock import Clock
from harness.postgres.connect import Connection
from harness.rehearsal.observer.queries import text

# The shortest of a few round trips bounds the reading best; five cost under 1 ms on one machine.
_READINGS = 5


@dataclass(frozen=True, slots=True)
class Instant:
    """A time on the run's clock, off by `error_ns` at most."""

    at_ns: int
    error_ns: int


class WallClock:
    """Anchors (wall clock read at a time of the run), and what lies between and beyond them.

    Appended to by one thread, read by any.
    """

    def __init__(self) -> None:
        self._anchors: list[ClockAnchored] = []

    def add(self, anchor: ClockAnchored) -> None:
        """Take in a later anchor."""
        self._anchors.append(anchor)

    def to_run(self, wall_ns: int) -> Instant:
        """The run's time of a wall time: between two anchors by interpolation, beyond them by the nearest's offset.

        The error is the anchors' own, plus what the two clocks drifted apart between them. ValueError without anchors.
        """
        anchors = self._anchors
        if not anchors:
            raise ValueError("the server's clock has not been read yet")
        index = bisect_right(anchors, wall_ns, key=lambda anchor: anchor.wall_ns)
        before, after = anchors[max(index - 1, 0)], anchors[min(index, len(anchors) - 1)]
        offsets = before.at_ns - before.wall_ns, after.at_ns - after.wall_ns
        width = after.wall_ns - before.wall_ns
        share = (wall_ns - before.wall_ns) / width if width > 0 else 0.0
        offset = offsets[0] + round((offsets[1] - offsets[0]) * share)
        return Instant(wall_ns + offset, max(before.error_ns, after.error_ns) + abs(offsets[1] - offsets[0]) // 2)

    def to_wall(self, at_ns: int) -> int:
        """The wall time of a time on the run's clock, by the latest anchor. ValueError without anchors."""
        if not self._anchors:
            raise ValueError("the server's clock has not been read yet")
        return at_ns - self._anchors[-1].at_ns + self._anchors[-1].wall_ns


def read_anchor(connection: Connection, *, clock: Clock) -> ClockAnchored:
    """The server's clock, read over `connection`; the error is half the shortest round trip."""
    best: ClockAnchored | None = None
    for _ in range(_READINGS):
        sent = clock.now_ns()
        row = connection.execute(text("wall_clock")).fetchone()
        received = clock.now_ns()
        if row is None:
            continue
        # The server's clock counts whole microseconds.
        error = (received - sent) // 2 + 1000
        if best is None or error < best.error_ns:
            best = ClockAnchored(at_ns=(sent + received) // 2, wall_ns=int(row[0]) * 1000, error_ns=error)
    if best is None:
        raise ValueError("the server's clock gave no row")
    return best
