"""What the event loop waits for: sockets, orders, and instants."""

import heapq
import selectors
from collections.abc import Callable
from itertools import count
from select import select
from typing import Any, Final

from harness.model.units import NS_PER_S
from harness.rehearsal.traffic.actor import Actor
from harness.rehearsal.traffic.timetable import NEVER

READABLE: Final = selectors.EVENT_READ
"""Something can be read."""
WRITABLE: Final = selectors.EVENT_WRITE
"""Something can be written."""


class Timers:
    """Actions at instants of the run."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._tickets = count()

    def add(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call `action` at `at_ns`."""
        heapq.heappush(self._heap, (at_ns, next(self._tickets), action))

    @property
    def next_ns(self) -> int:
        """The next instant; NEVER without any."""
        return self._heap[0][0] if self._heap else NEVER

    def ring(self, now: int) -> bool:
        """Call one action that is due; False where none is."""
        if not self._heap or self._heap[0][0] > now:
            return False
        heapq.heappop(self._heap)[2]()
        return True


class Watch:
    """The sockets of actors, and the pipe that orders come through."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def wait(self, timeout_ns: int) -> list[tuple[Any, int]]:
        """What is ready (an actor, or the callback of `listen`) and for what; may be nothing after `timeout_ns`.

        It sleeps in select(), because the timeout of epoll_wait() counts whole milliseconds.
        """
        events = self._selector.select(0)
        if not events and timeout_ns > 0:
            select([self._selector], [], [], timeout_ns / NS_PER_S)
            events = self._selector.select(0)
        return [(key.data, mask) for key, mask in events]

    def listen(self, connection: Any, on_order: Callable[[], None]) -> None:
        """Watch `connection`; `wait` answers with `on_order`."""
        self._selector.register(connection, READABLE, on_order)

    def reading(self, actor: Actor) -> None:
        """Watch the actor's socket, which may be a new one, for answers."""
        self._register(actor, READABLE)

    def writing(self, actor: Actor) -> None:
        """Watch the actor's socket, which may be a new one, for room to write."""
        self._register(actor, WRITABLE)

    def as_session_wants(self, actor: Actor) -> None:
        """Watch for answers, and for room to write while the session has something to send."""
        actor.writing = actor.session.wants_write
        self._selector.modify(actor.watched, READABLE | (WRITABLE if actor.writing else 0), actor)

    def _register(self, actor: Actor, events: int) -> None:
        self.forget(actor)
        actor.watched = actor.session.pgconn.socket
        self._selector.register(actor.watched, events, actor)

    def forget(self, actor: Actor) -> None:
        """Watch the actor's socket no longer; before it is closed."""
        if actor.watched >= 0:
            self._selector.unregister(actor.watched)
            actor.watched = -1
            actor.writing = False

    def close(self) -> None:
        """Release the selector."""
        self._selector.close()
