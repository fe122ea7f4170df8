"""What the event loop waits for: sockets, orders, and instants."""

import heapq
import select
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, Final, TypeAlias

from harness.model.units import NS_PER_MS, NS_PER_S
from harness.rehearsal.traffic.actor import BoundSession
from harness.rehearsal.traffic.timetable import NEVER

Ready: TypeAlias = tuple[int, int]
"""A file descriptor that is ready, and for what."""
READABLE: Final = select.EPOLLIN
"""Something can be read."""
WRITABLE: Final = select.EPOLLOUT
"""Something can be written."""
_SHORT_NS: Final = 2 * NS_PER_MS  # epoll_wait() counts whole milliseconds: shorter waits, and the rest, need select()

_AT_ONCE: Final = 64  # what is ready beyond that comes with the next call; a default of 1023 is cleared each time


class Timers:
    """Actions at instants of the run."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._tickets = count()
        self.next_ns = NEVER
        """The next instant; NEVER without any."""

    def add(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call `action` at `at_ns`."""
        heapq.heappush(self._heap, (at_ns, next(self._tickets), action))
        self.next_ns = self._heap[0][0]

    def ring(self, now: int) -> bool:
        """Call one action that is due; False where none is."""
        if self.next_ns > now:
            return False
        action = heapq.heappop(self._heap)[2]
        self.next_ns = self._heap[0][0] if self._heap else NEVER
        action()
        return True


class Watch:
    """The sockets of sessions, and the pipe that orders come through; by epoll, without a layer in between.

    `sessions` and `callbacks` say whom a file descriptor means.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._poll = self._epoll.poll
        self.sessions: dict[int, BoundSession] = {}
        self.callbacks: dict[int, Callable[[], None]] = {}

    def wait(self, timeout_ns: int) -> list[Ready]:
        """What is ready; may be nothing after `timeout_ns`."""
        if timeout_ns >= _SHORT_NS:
            return self._poll((timeout_ns // NS_PER_MS - 1) / 1000, _AT_ONCE)
        if timeout_ns > 0:
            select.select([self._epoll], (), (), timeout_ns / NS_PER_S)
        return self._poll(0, _AT_ONCE)

    def listen(self, connection: Any, on_order: Callable[[], None]) -> None:
        """Watch `connection` for orders."""
        self.callbacks[connection.fileno()] = on_order
        self._epoll.register(connection.fileno(), READABLE)

    def reading(self, session: BoundSession) -> None:
        """Watch the session's socket, which may be a new one, for answers."""
        self._register(session, READABLE)

    def writing(self, session: BoundSession) -> None:
        """Watch the session's socket, which may be a new one, for room to write."""
        self._register(session, WRITABLE)

    def as_session_wants(self, session: BoundSession) -> None:
        """Watch for answers, and for room to write while the session has something to send."""
        session.writing = session.wants_write
        self._epoll.modify(session.watched, READABLE | (WRITABLE if session.writing else 0))

    def _register(self, session: BoundSession, events: int) -> None:
        self.forget(session)
        session.watched = session.pgconn.socket
        self.sessions[session.watched] = session
        self._epoll.register(session.watched, events)

    def forget(self, session: BoundSession) -> None:
        """Watch the session's socket no longer; before it is closed."""
        if session.watched >= 0:
            if self.sessions.get(session.watched) is session:  # else the number belongs to another's socket by now
                del self.sessions[session.watched]
                with suppress(OSError):  # libpq closes the socket of a lost connection by itself
                    self._epoll.unregister(session.watched)
            session.watched = -1
            session.writing = False

    def close(self) -> None:
        """Release the selector."""
        self._epoll.close()
