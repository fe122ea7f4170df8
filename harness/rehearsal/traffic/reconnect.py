"""Brings sessions whose connection is lost back, without waiting and with growing pauses."""

from collections.abc import Callable

import psycopg
from psycopg.pq import PollingStatus

from harness.rehearsal.traffic.actor import BoundSession
from harness.rehearsal.traffic.session import CONNECT_TIMEOUT_NS
from harness.rehearsal.traffic.watch import Timers, Watch


class Reconnector:
    """Connects sessions again; `on_ready` gets each one that is back, `cost_ns` after the server let it in.

    `took_ns` are the times from the beginning of an attempt to its success, `cost_ns` in them; `failures` counts
    attempts that failed.
    """

    def __init__(
        self,
        watch: Watch,
        timers: Timers,
        *,
        now_ns: Callable[[], int],
        cost_ns: int,
        on_ready: Callable[[BoundSession], None],
    ) -> None:
        self._watch = watch
        self._timers = timers
        self._now_ns = now_ns
        self._cost_ns = cost_ns
        self._on_ready = on_ready
        self.failures = 0
        self.took_ns: list[int] = []

    def begin(self, session: BoundSession) -> None:
        """Give up the connection; try a new one after a pause."""
        self._watch.forget(session)
        session.close()
        session.turn += 1
        self._timers.add(self._now_ns() + session.next_backoff(), lambda: self._connect(session))

    def _failed(self, session: BoundSession) -> None:
        self.failures += 1
        self.begin(session)

    def _connect(self, session: BoundSession) -> None:
        session.began_ns = self._now_ns()
        try:
            session.reconnect()
        except psycopg.OperationalError:
            self._failed(session)
            return
        if session.broken:
            self._failed(session)
            return
        turn = session.turn

        def give_up() -> None:
            if session.turn == turn and session.connecting:
                self._failed(session)

        self._timers.add(self._now_ns() + CONNECT_TIMEOUT_NS, give_up)
        self._watch.writing(session)

    def step(self, session: BoundSession) -> None:
        """The socket of a connecting session is ready: go on."""
        status = session.advance()
        if status == PollingStatus.OK:
            self._pay(session)
        elif status == PollingStatus.FAILED:
            self._failed(session)
        elif status == PollingStatus.READING:
            self._watch.reading(session)
        else:
            self._watch.writing(session)

    def _pay(self, session: BoundSession) -> None:
        """The server has let it in; the application's server would have taken `cost_ns` longer."""
        session.turn += 1
        turn = session.turn

        def ready() -> None:
            if session.turn == turn:
                session.ready()
                self._watch.reading(session)
                self.took_ns.append(self._now_ns() - session.began_ns)
                self._on_ready(session)

        self._watch.forget(session)
        if self._cost_ns:
            self._timers.add(self._now_ns() + self._cost_ns, ready)
        else:
            ready()
