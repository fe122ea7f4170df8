"""Brings actors whose connection is lost back, without waiting and with growing pauses."""

from collections.abc import Callable

import psycopg
from psycopg.pq import PollingStatus

from harness.rehearsal.traffic.actor import Actor
from harness.rehearsal.traffic.session import CONNECT_TIMEOUT_NS
from harness.rehearsal.traffic.watch import Timers, Watch


class Reconnector:
    """Connects actors again; `on_ready` gets each one that is back."""

    def __init__(
        self, watch: Watch, timers: Timers, *, now_ns: Callable[[], int], on_ready: Callable[[Actor], None]
    ) -> None:
        self._watch = watch
        self._timers = timers
        self._now_ns = now_ns
        self._on_ready = on_ready

    def begin(self, actor: Actor) -> None:
        """Give up the actor's connection; try a new one after a pause."""
        self._watch.forget(actor)
        actor.session.close()
        actor.turn += 1
        self._timers.add(self._now_ns() + actor.session.next_backoff(), lambda: self._connect(actor))

    def _connect(self, actor: Actor) -> None:
        try:
            actor.session.reconnect()
        except psycopg.OperationalError:
            self.begin(actor)
            return
        if actor.session.broken:
            self.begin(actor)
            return
        turn = actor.turn

        def give_up() -> None:
            if actor.turn == turn and actor.session.connecting:
                self.begin(actor)

        self._timers.add(self._now_ns() + CONNECT_TIMEOUT_NS, give_up)
        self._watch.writing(actor)

    def step(self, actor: Actor) -> None:
        """The socket of a connecting actor is ready: go on."""
        status = actor.session.advance()
        if status == PollingStatus.OK:
            self._watch.reading(actor)
            actor.session.ready()
            self._on_ready(actor)
        elif status == PollingStatus.FAILED:
            self.begin(actor)
        elif status == PollingStatus.READING:
            self._watch.reading(actor)
        else:
            self._watch.writing(actor)
