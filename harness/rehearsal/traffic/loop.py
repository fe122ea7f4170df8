"""The event loop of a traffic process: arrivals by the clock, a pool of sessions, a queue where none is free."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from harness.events.operations import NO_ACTOR, Outcome
from harness.model.sqlstate import POOL_TIMEOUT
from harness.rehearsal.traffic.actor import Actor
from harness.rehearsal.traffic.compiled import CompiledOperation
from harness.rehearsal.traffic.lag import LagHistogram
from harness.rehearsal.traffic.ledger import Ledger
from harness.rehearsal.traffic.plan import LATE_NS, Backend, FirstError
from harness.rehearsal.traffic.reconnect import Reconnector
from harness.rehearsal.traffic.recorder import FLUSH_EVERY_NS, Recorder
from harness.rehearsal.traffic.session import ServerError, Session
from harness.rehearsal.traffic.timetable import Arriving, Timetable
from harness.rehearsal.traffic.transaction import Answer, Failure, Sleeping, execute
from harness.rehearsal.traffic.watch import READABLE, WRITABLE, Timers, Watch
from harness.spec.pgbench.evaluate import Client

_LONGEST_WAIT_NS: Final = 100_000_000  # counters for the live view are at most this old
_POOL_TIMEOUT: Final = POOL_TIMEOUT.encode()
_NOTHING: Answer = []


@dataclass(slots=True)
class Tally:
    """What the loop counts besides the records."""

    offered: int = 0
    late: int = 0
    lag: LagHistogram = field(default_factory=LagHistogram)
    errors: dict[tuple[int, bytes], FirstError] = field(default_factory=dict)


class Loop:
    """Runs operations until told to stop; each arrival leaves exactly one record."""

    def __init__(
        self,
        *,
        operations: Mapping[int, CompiledOperation],
        sessions: Mapping[int, tuple[Session, Client]],
        timetable: Timetable,
        recorder: Recorder,
        ledger: Ledger,
        origin_ns: int,
        pool_timeout_ns: int,
        prepares: bool,
        on_backend: Callable[[Backend], None],
    ) -> None:
        self.tally = Tally()
        self._operations = operations
        self._timetable = timetable
        self._recorder = recorder
        self._ledger = ledger
        self._origin_ns = origin_ns
        self._pool_timeout_ns = pool_timeout_ns
        self._prepares = prepares
        self._on_backend = on_backend
        self._actors = [Actor(session, client) for session, client in sessions.values()]
        self._free = deque(self._actors)
        self._waiting: deque[Arriving] = deque()
        self._timers = Timers()
        self._watch = Watch()
        self._reconnector = Reconnector(self._watch, self._timers, now_ns=self.now_ns, on_ready=self._reconnected)
        self._cut_off: list[Session] = []
        for actor in self._actors:
            self._watch.reading(actor)

    @property
    def waiting(self) -> int:
        """Operations in the checkout queue."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Operations that have a connection and are not done."""
        return sum(actor.arriving is not None for actor in self._actors)

    def now_ns(self) -> int:
        """Nanoseconds since the run started."""
        return time.monotonic_ns() - self._origin_ns

    def listen(self, connection: Any, on_order: Callable[[], None]) -> None:
        """Call `on_order` when `connection` has something to say."""
        self._watch.listen(connection, on_order)

    def run(self, *, until: Callable[[int], int], on_tick: Callable[[], None]) -> None:
        """Run; `until(now_ns)` gives the next instant at which it wants to be asked again, 0 ends the loop.

        `on_tick` is called about every 100 ms, after records were written where a second has passed.
        """
        tick_ns, flush_ns = 0, self.now_ns() + FLUSH_EVERY_NS
        while True:
            now = self.now_ns()
            now = self._dispatch(now)
            self._expire(now)
            while self._timers.ring(now):
                self._serve()
            if now >= tick_ns:
                tick_ns = now + _LONGEST_WAIT_NS
                if now >= flush_ns:
                    flush_ns = now + FLUSH_EVERY_NS
                    self._recorder.flush()
                on_tick()
            deadline = until(now)
            if deadline == 0:
                return
            self._wait(min(deadline, tick_ns, self._next_ns()))

    def _next_ns(self) -> int:
        next_ns = self._timetable.next_ns
        if self._waiting:
            next_ns = min(next_ns, self._waiting[0].due_ns + self._pool_timeout_ns)
        return min(next_ns, self._timers.next_ns)

    def _wait(self, until_ns: int) -> None:
        """Handle what has come; sleep until then where nothing has."""
        for data, events in self._watch.wait(until_ns - self.now_ns()):
            if type(data) is Actor:
                self._on_socket(data, events)
                self._serve()
            else:
                data()

    def _dispatch(self, now: int) -> int:
        while self._timetable.next_ns <= now:
            arriving = self._timetable.take()
            self.tally.offered += 1
            if self._free:
                self._begin(self._free.popleft(), arriving, now, waited=False)
                now = self.now_ns()
                self._serve()
            else:
                self._waiting.append(arriving)
        return now

    def _expire(self, now: int) -> None:
        while self._waiting and self._waiting[0].due_ns + self._pool_timeout_ns <= now:
            arriving = self._waiting.popleft()
            self._note(arriving, ServerError(POOL_TIMEOUT, "no connection was free within pool_timeout"), 0)
            self._recorder.add(
                due_ns=arriving.due_ns,
                end_ns=now,
                operation=arriving.operation,
                version=arriving.version,
                outcome=Outcome.POOL_TIMEOUT,
                sqlstate=_POOL_TIMEOUT,
            )

    def _begin(self, actor: Actor, arriving: Arriving, now: int, *, waited: bool) -> None:
        operation = self._operations[arriving.operation]
        operation.draw(actor.client)
        actor.arriving, actor.checkout_ns = arriving, now
        actor.execution = execute(
            operation, session=actor.session, client=actor.client, ledger=self._ledger, prepares=self._prepares
        )
        actor.start_ns = self.now_ns()
        if not waited:
            lag = actor.start_ns - arriving.due_ns
            self.tally.lag.add(lag)
            self.tally.late += lag > LATE_NS
        self._advance(actor, None)

    def _advance(self, actor: Actor, answer: Answer | None) -> None:
        """Let the execution go on until it waits again or is done."""
        execution = actor.execution
        if execution is None:
            return
        try:
            request = next(execution) if answer is None else execution.send(answer)
        except StopIteration as done:
            self._finish(actor, done.value)
            return
        if request is None:
            if actor.session.wants_write is not actor.writing:
                self._watch.as_session_wants(actor)
        else:
            self._sleep(actor, request)

    def _sleep(self, actor: Actor, request: Sleeping) -> None:
        turn, actor.sleeping = actor.turn, True

        def wake() -> None:
            if actor.turn == turn:
                actor.sleeping = False
                self._advance(actor, _NOTHING)

        self._timers.add(self.now_ns() + request.duration_ns, wake)

    def _finish(self, actor: Actor, failure: Failure | None) -> None:
        arriving, now = actor.arriving, self.now_ns()
        if arriving is not None:
            if failure is not None:
                self._note(arriving, failure.error, failure.statement)
            self._recorder.add(
                due_ns=arriving.due_ns,
                checkout_ns=actor.checkout_ns,
                start_ns=actor.start_ns,
                end_ns=now,
                operation=arriving.operation,
                actor=actor.session.actor,
                version=arriving.version,
                outcome=Outcome.OK if failure is None else Outcome.ERROR,
                statement=0 if failure is None else failure.statement,
                attempts=1,
                sqlstate=b"" if failure is None else failure.error.sqlstate.encode(),
            )
        self._release(actor)

    def _release(self, actor: Actor) -> None:
        actor.execution = actor.arriving = None
        actor.turn += 1
        if actor.session.broken:
            self._reconnector.begin(actor)
        else:
            self._free.append(actor)

    def _reconnected(self, actor: Actor) -> None:
        self._on_backend(Backend(actor.session.actor, actor.session.pgconn.backend_pid))
        self._release(actor)

    def _serve(self) -> None:
        """Give free connections to those who wait, first come first served."""
        while self._waiting and self._free:
            now = self.now_ns()
            self._expire(now)
            if self._waiting:
                self._begin(self._free.popleft(), self._waiting.popleft(), now, waited=True)

    def _note(self, arriving: Arriving, error: ServerError, statement: int) -> None:
        key = (arriving.operation, error.sqlstate.encode())
        if key not in self.tally.errors:
            self.tally.errors[key] = FirstError(arriving.operation, statement, error.sqlstate, error.message)

    def _on_socket(self, actor: Actor, mask: int) -> None:
        session = actor.session
        if session.connecting:
            self._reconnector.step(actor)
            return
        if mask & WRITABLE:
            self._flush(actor)
        if mask & READABLE and session.receive():
            self._answered(actor)

    def _flush(self, actor: Actor) -> None:
        try:
            actor.session.flush()
        except psycopg.OperationalError:
            self._answered(actor)
            return
        if not actor.session.wants_write:
            self._watch.as_session_wants(actor)

    def _answered(self, actor: Actor) -> None:
        answer = actor.session.take()
        if actor.sleeping:
            return  # a notice, or the end of the connection: the next statement will find out
        if actor.execution is not None:
            self._advance(actor, answer)
        elif actor.session.broken and actor in self._free:
            self._free.remove(actor)
            self._reconnector.begin(actor)

    def abandon(self) -> None:
        """Record what waits or is under way as abandoned."""
        now = self.now_ns()
        for actor in self._actors:
            if actor.arriving is not None:
                self._abandoned(actor.arriving, now, actor)
                self._cut_off.append(actor.session)
        while self._waiting:
            self._abandoned(self._waiting.popleft(), now, None)

    def _abandoned(self, arriving: Arriving, now: int, actor: Actor | None) -> None:
        self._recorder.add(
            due_ns=arriving.due_ns,
            end_ns=now,
            operation=arriving.operation,
            version=arriving.version,
            outcome=Outcome.ABANDONED,
            checkout_ns=0 if actor is None else actor.checkout_ns,
            start_ns=0 if actor is None else actor.start_ns,
            actor=NO_ACTOR if actor is None else actor.session.actor,
            attempts=0 if actor is None else 1,
        )

    def close(self) -> None:
        """Cancel what was abandoned, close all connections; may wait for a server that does not answer."""
        for session in self._cut_off:
            session.cancel()
        for actor in self._actors:
            self._watch.forget(actor)
            actor.session.close()
        self._watch.close()
