"""The event loop of a traffic process: arrivals by the clock, a pool of sessions, a queue where none is free."""

import heapq
import selectors
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from select import select
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.pq import PollingStatus

from harness.events.operations import NO_ACTOR, Outcome
from harness.model.sqlstate import POOL_TIMEOUT
from harness.rehearsal.traffic.compiled import CompiledOperation
from harness.rehearsal.traffic.lag import LagHistogram
from harness.rehearsal.traffic.ledger import Ledger
from harness.rehearsal.traffic.plan import LATE_NS, Backend, FirstError
from harness.rehearsal.traffic.recorder import FLUSH_EVERY_NS, Recorder
from harness.rehearsal.traffic.session import CONNECT_TIMEOUT_NS, ServerError, Session
from harness.rehearsal.traffic.timetable import Arriving, Timetable
from harness.rehearsal.traffic.transaction import Answer, Execution, Failure, Sleeping, execute
from harness.spec.pgbench.evaluate import Client

_LONGEST_WAIT_NS: Final = 100_000_000  # counters for the live view are at most this old
_POOL_TIMEOUT: Final = POOL_TIMEOUT.encode()
_NOTHING: Answer = []


@dataclass(slots=True)
class Actor:
    """A session with its client state and the execution under way."""

    session: Session
    client: Client
    execution: Execution | None = None
    arriving: Arriving | None = None
    checkout_ns: int = 0
    start_ns: int = 0
    turn: int = 0
    sleeping: bool = False
    watched: int = -1
    writing: bool = False


@dataclass(slots=True)
class Tally:
    """What the loop counts besides the records."""

    offered: int = 0
    late: int = 0
    lag: LagHistogram = field(default_factory=LagHistogram)
    errors: dict[tuple[int, bytes], FirstError] = field(default_factory=dict)


Timer: TypeAlias = tuple[int, int, Callable[[], None]]


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
        self._timers: list[Timer] = []
        self._tickets = count()
        self._selector = selectors.DefaultSelector()
        self._cut_off: list[Session] = []
        for actor in self._actors:
            self._watch(actor, selectors.EVENT_READ)

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
        self._selector.register(connection, selectors.EVENT_READ, on_order)

    def run(self, *, until: Callable[[int], int], on_tick: Callable[[], None]) -> None:
        """Run; `until(now_ns)` gives the next instant at which it wants to be asked again, 0 ends the loop.

        `on_tick` is called about every 100 ms, after records were written where a second has passed.
        """
        tick_ns, flush_ns = 0, self.now_ns() + FLUSH_EVERY_NS
        while True:
            now = self.now_ns()
            now = self._dispatch(now)
            self._expire(now)
            self._ring(now)
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
        if self._timers:
            next_ns = min(next_ns, self._timers[0][0])
        return next_ns

    def _wait(self, until_ns: int) -> None:
        """Handle what is readable; sleep in select() because epoll's own timeout counts whole milliseconds."""
        events = self._selector.select(0)
        if not events and (left := until_ns - self.now_ns()) > 0:
            select([self._selector], [], [], left / 1e9)
            events = self._selector.select(0)
        for key, mask in events:
            if type(key.data) is Actor:
                self._on_socket(key.data, mask)
                self._serve()
            else:
                key.data()

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

    def _ring(self, now: int) -> None:
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
            self._serve()

    def _after(self, duration_ns: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.now_ns() + duration_ns, next(self._tickets), action))

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
                self._watch_writing(actor)
        else:
            self._sleep(actor, request)

    def _sleep(self, actor: Actor, request: Sleeping) -> None:
        turn, actor.sleeping = actor.turn, True

        def wake() -> None:
            if actor.turn == turn:
                actor.sleeping = False
                self._advance(actor, _NOTHING)

        self._after(request.duration_ns, wake)

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
            self._reconnect(actor)
        else:
            self._free.append(actor)

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
            self._connect_step(actor)
            return
        if mask & selectors.EVENT_WRITE:
            self._flush(actor)
        if mask & selectors.EVENT_READ and session.receive():
            self._answered(actor)

    def _flush(self, actor: Actor) -> None:
        try:
            actor.session.flush()
        except psycopg.OperationalError:
            self._answered(actor)
            return
        if not actor.session.wants_write:
            self._watch_writing(actor)

    def _answered(self, actor: Actor) -> None:
        answer = actor.session.take()
        if actor.sleeping:
            return  # a notice, or the end of the connection: the next statement will find out
        if actor.execution is not None:
            self._advance(actor, answer)
        elif actor.session.broken and actor in self._free:
            self._free.remove(actor)
            self._reconnect(actor)

    def _watch(self, actor: Actor, events: int) -> None:
        """Watch the session's socket, which changes while connecting."""
        self._unwatch(actor)
        actor.watched = actor.session.pgconn.socket
        self._selector.register(actor.watched, events, actor)

    def _unwatch(self, actor: Actor) -> None:
        if actor.watched >= 0:
            self._selector.unregister(actor.watched)
            actor.watched = -1
            actor.writing = False

    def _watch_writing(self, actor: Actor) -> None:
        actor.writing = actor.session.wants_write
        writing = selectors.EVENT_WRITE if actor.writing else 0
        self._selector.modify(actor.watched, selectors.EVENT_READ | writing, actor)

    def _reconnect(self, actor: Actor) -> None:
        self._unwatch(actor)
        actor.session.close()
        actor.turn += 1
        self._after(actor.session.next_backoff(), lambda: self._connect(actor))

    def _connect(self, actor: Actor) -> None:
        try:
            actor.session.reconnect()
        except psycopg.OperationalError:
            self._reconnect(actor)
            return
        turn = actor.turn

        def give_up() -> None:
            if actor.turn == turn and actor.session.connecting:
                self._reconnect(actor)

        self._after(CONNECT_TIMEOUT_NS, give_up)
        if actor.session.broken:
            self._reconnect(actor)
        else:
            self._watch(actor, selectors.EVENT_WRITE)

    def _connect_step(self, actor: Actor) -> None:
        status = actor.session.advance()
        if status == PollingStatus.OK:
            self._watch(actor, selectors.EVENT_READ)
            actor.session.ready()
            self._on_backend(Backend(actor.session.actor, actor.session.pgconn.backend_pid))
            self._release(actor)
        elif status == PollingStatus.FAILED:
            self._reconnect(actor)
        else:
            reading = status == PollingStatus.READING
            self._watch(actor, selectors.EVENT_READ if reading else selectors.EVENT_WRITE)

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
            self._unwatch(actor)
            actor.session.close()
        self._selector.close()
