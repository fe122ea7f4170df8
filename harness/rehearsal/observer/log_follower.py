"""Reading the server's log beside everything else: all of it while a tool runs, else within a share of a core."""

import time
from collections.abc import Callable

from harness.events.codec import AnyEvent
from harness.model.clock import Clock
from harness.postgres.connect import Connection
from harness.rehearsal.observer.lock_poll import LockPoller
from harness.rehearsal.observer.log_tail import LogTail
from harness.rehearsal.observer.log_witness import LogWitness
from harness.rehearsal.observer.windows import Windows

# Of one core's time, for reading the log while no migration runs, and while one runs whose sessions are ours; what
# comes faster is read when there is time, at the latest when the traffic has ended. An application that fights for its
# own rows makes 1,000 entries a second, 17 µs each.
_IDLE_SHARE = 0.005
_MIGRATION_SHARE = 0.05


class LogFollower:
    """Tells `emit` what the log says; by one thread at a time, over a connection that may read server files."""

    def __init__(
        self,
        tail: LogTail,
        witness: LogWitness,
        poller: LockPoller,
        *,
        clock: Clock,
        windows: Windows,
        interval_ns: int,
        emit: Callable[[AnyEvent], None],
    ) -> None:
        self._tail = tail
        self._witness = witness
        self._poller = poller
        self._clock = clock
        self._windows = windows
        self._interval_ns = interval_ns
        self._emit = emit
        self._read_ns = self._spent_ns = 0

    def read(self, connection: Connection) -> None:
        """Tell the news, unless the share is used up. psycopg.Error where the server is away.

        A tool's sessions are known as such only while it runs: then everything is read at once.
        """
        window = self._windows.current
        hurried = window is not None and window.tool
        share = _IDLE_SHARE if window is None else _MIGRATION_SHARE
        if not hurried and self._clock.now_ns() < self._read_ns + round(self._spent_ns / share):
            return
        began_ns = time.thread_time_ns()
        for line in self._tail.read(connection, everything=hurried):
            for event in self._witness.take(line):
                self._emit(event)
        if not self._tail.is_behind:
            self._end_silent_waits()
        self._spent_ns = time.thread_time_ns() - began_ns
        self._read_ns = self._clock.now_ns()

    def read_to_end(self, connection: Connection) -> bool:
        """Tell all that was logged until now; whether that is certain to be everything."""
        lines, complete = self._tail.read_to_marker(connection)
        for line in lines:
            for event in self._witness.take(line):
                self._emit(event)
        return complete

    def _end_silent_waits(self) -> None:
        ended = self._witness.end_silent_waits(
            self._poller.last_waiting,
            last_poll_ns=self._poller.last_poll_ns,
            error_ns=max(2 * self._interval_ns, self._poller.measure.gap_ns_max),
        )
        for event in ended:
            self._emit(event)
