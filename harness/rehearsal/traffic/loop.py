"""The event loop of a traffic process: arrivals by the clock, a pool of connections, a queue where none is free."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import psycopg

from harness.events.operations import NO_ACTOR
from harness.model.sqlstate import POOL_FULL, POOL_TIMEOUT
from harness.rehearsal.traffic.account import Account, index_of
from harness.rehearsal.traffic.actor import Actor, BoundSession, CompiledOperation
from harness.rehearsal.traffic.express import Express
from harness.rehearsal.traffic.interpreter import Interpreter
from harness.rehearsal.traffic.pool import Pool, PoolLimits
from harness.rehearsal.traffic.recorder import FLUSH_EVERY_NS, Recorder
from harness.rehearsal.traffic.session import ServerError
from harness.rehearsal.traffic.tally import Tally
from harness.rehearsal.traffic.timetable import NEVER, Arriving, Timetable
from harness.rehearsal.traffic.watch import READABLE, WRITABLE, Timers, Watch

_LONGEST_WAIT_NS: Final = 100_000_000  # counters for the live view are at most this old
_FULL: Final = ServerError(POOL_FULL, "max_waiters operations waited for a connection already")
_TOO_LATE: Final = ServerError(POOL_TIMEOUT, "no connection was free within pool_timeout")


class Loop:
    """Runs operations until told to stop; each arrival leaves exactly one record.

    An arrival takes a free actor (a connection of the application's pool) or waits for one. With transaction pooling
    the actor then needs a server connection too; the pool lends it.
    """

    def __init__(
        self,
        *,
        operations: Mapping[int, CompiledOperation],
        actors: Sequence[Actor],
        sessions: Sequence[BoundSession],
        limits: PoolLimits,
        timetable: Timetable,
        recorder: Recorder,
        origin_ns: int,
        on_backend: Callable[[BoundSession], None],
    ) -> None:
        self.tally = Tally()
        self._account = Account(recorder, self.tally)
        self._operations = operations
        self._actors = actors
        self._timetable = timetable
        self._recorder = recorder
        self._origin_ns = origin_ns
        self._limits = limits
        self._timers = Timers()
        self._watch = Watch()
        self._pool = Pool(
            actors,
            sessions,
            limits,
            watch=self._watch,
            timers=self._timers,
            now_ns=self.now_ns,
            on_bound=self._bound,
            on_backend=on_backend,
        )
        self._free = self._pool.free
        self._interpreter = Interpreter(
            self._watch,
            self._timers,
            now_ns=self.now_ns,
            lends=limits.lends,
            on_done=self._done,
            on_unbound=self._pool.bid,
            on_idle=self._pool.given_back,
            on_retry=self._pool.let_go,
        )
        self._waiting: deque[Arriving] = deque()
        self._express = Express(
            operations=operations,
            interpreter=self._interpreter,
            watch=self._watch,
            recorder=recorder,
            waiting=self._waiting,
            free=self._free,
            patience_ns=limits.pool_timeout_ns,
            origin_ns=origin_ns,
        )
        self._cut_off: list[BoundSession] = []
        self._ask_again = False
        self._flush_ns = 0
        self._freed_ns = 0
        self._keeps = not limits.lends

    @property
    def waiting(self) -> int:
        """Operations that wait for a connection, first of the application's pool, then of the server."""
        return len(self._waiting) + sum(actor.start_ns == 0 for actor in self._pool.bidders)

    @property
    def in_flight(self) -> int:
        """Operations that have a connection and are not done."""
        return sum(actor.operation is not None and actor.start_ns != 0 for actor in self._actors)

    def account(self) -> Tally:
        """What was counted, up to now."""
        self.tally.absorbed = self._interpreter.absorbed
        self.tally.connect_failures = self._pool.reconnector.failures
        self.tally.take_connects(self._pool.reconnector.took_ns)
        self.tally.fold()
        return self.tally

    def now_ns(self) -> int:
        """Nanoseconds since the run started."""
        return time.monotonic_ns() - self._origin_ns

    def listen(self, connection: Any, on_order: Callable[[], None]) -> None:
        """Call `on_order` when `connection` has something to say."""

        def ordered() -> None:
            self._ask_again = True
            on_order()

        self._watch.listen(connection, ordered)

    def run(self, *, until: Callable[[int], int], on_tick: Callable[[], None]) -> None:
        """Run; `until(now_ns)` gives the next instant at which it wants to be asked again, 0 ends the loop.

        It is asked sooner after an order, and always while nothing is due. `on_tick` is called about every 100 ms,
        after records were written where a second has passed.
        """
        timetable, timers, watch, sessions = self._timetable, self._timers, self._watch, self._watch.sessions
        express, keeps = self._express.answered, self._keeps
        tick_ns = deadline = 0
        while True:
            now = self.now_ns()
            if timetable.next_ns <= now:
                now = self._dispatch(now)
            if self._waiting or self._pool.bidders:
                self._expire(now)
            while timers.next_ns <= now:
                self._freed_ns = 0
                timers.ring(now)
                self._serve()
            if now >= tick_ns:
                tick_ns = now + _LONGEST_WAIT_NS
                self._tick(now, on_tick)
            if self._ask_again or now >= deadline or timetable.next_ns == NEVER:
                self._ask_again = False
                deadline = until(now)
                if deadline == 0:
                    return
            wake_ns = min(deadline, tick_ns, self._next_ns(), timers.next_ns)
            for descriptor, events in watch.wait(wake_ns - now):
                session = sessions.get(descriptor)
                if session is None:
                    self._called(descriptor)
                elif not (keeps and events == READABLE and express(session)):
                    self._on_socket(session, events)

    def _called(self, descriptor: int) -> None:
        """An order has come, or a socket is gone that was reported with others."""
        if descriptor in self._watch.callbacks:
            self._watch.callbacks[descriptor]()

    def _tick(self, now: int, on_tick: Callable[[], None]) -> None:
        if now >= self._flush_ns:
            self._flush_ns = now + FLUSH_EVERY_NS
            self._recorder.flush()
        on_tick()

    def _next_ns(self) -> int:
        """When an arrival is due, or one that waits gives up.

        While nothing could run it, an arrival need not be met at its time, only before it gives up: it waits all the
        same, and its record does not depend on when the queue has taken it.
        """
        patience = self._limits.pool_timeout_ns
        due = self._timetable.next_ns
        if due != NEVER and not self._limits.max_waiters and not self._pool.ready:
            due += patience
        if self._waiting:
            due = min(due, self._waiting[0][0] + patience)
        return min(due, self._pool.next_expiry_ns)

    def _dispatch(self, now: int) -> int:
        timetable, tally = self._timetable, self.tally
        while timetable.next_ns <= now:
            arriving = timetable.take()
            tally.offered += 1
            if self._free and not self._waiting:
                self._begin(self._free.popleft(), arriving, now, waited=False)
                now = self.now_ns()
                if self._pool.bidders:
                    self._pool.match()
            elif not self._limits.max_waiters or len(self._waiting) < self._limits.max_waiters:
                self._waiting.append(arriving)
                if self._free:
                    self._serve()
                elif len(self._waiting) > tally.longest_queue:
                    tally.longest_queue = len(self._waiting)
            else:
                self._account.unserved(arriving, now, _FULL)
        return now

    def _expire(self, now: int) -> None:
        patience = self._limits.pool_timeout_ns
        while self._waiting and self._waiting[0][0] + patience <= now:
            self._account.unserved(self._waiting.popleft(), now, _TOO_LATE)
        if self._pool.next_expiry_ns > now:
            return
        for actor in self._pool.expired(now):
            if actor.start_ns:
                self._interpreter.fail(actor, _TOO_LATE)
            else:
                self._account.unserved(Arriving(actor.due_ns, index_of(actor), actor.version), now, _TOO_LATE)
                self._release(actor)
        self._serve()

    def _begin(self, actor: Actor, arriving: Arriving, now: int, *, waited: bool) -> None:
        actor.due_ns, index, actor.version = arriving
        actor.begin(self._operations[index])
        actor.waited = waited
        if actor.session is None:
            actor.waited = waited or not self._pool.idle or bool(self._pool.bidders)
            self._pool.bid(actor)
        else:
            self._start(actor, now)

    def _bound(self, actor: Actor) -> None:
        """A server connection was found for an actor that waited for one."""
        if actor.start_ns:
            self._interpreter.advance(actor)
        else:
            self._start(actor, self.now_ns())

    def _start(self, actor: Actor, checkout_ns: int) -> None:
        actor.checkout_ns = checkout_ns
        actor.served_by = NO_ACTOR if actor.session is None else actor.session.number
        actor.start_ns = start_ns = time.monotonic_ns() - self._origin_ns
        if not actor.waited:
            self.tally.lags.append(start_ns - actor.due_ns)
        self._interpreter.advance(actor)

    def _done(self, actor: Actor) -> None:
        now = time.monotonic_ns() - self._origin_ns
        self._account.done(actor, now)
        if self._keeps and actor.failure is None:  # its connection has just answered: it is its own, and sound
            actor.operation = None
            actor.turn += 1
            self._freed_ns = now
            self._free.append(actor)
        else:
            self._release(actor)

    def _release(self, actor: Actor) -> None:
        actor.operation = None
        actor.turn += 1
        self._pool.release(actor)

    def _serve(self) -> None:
        """Give free connections to those who wait, first come first served."""
        if self._pool.bidders:
            self._pool.match()
        while self._waiting and self._free:
            # Who waits has the connection from the moment at which it became free.
            now, self._freed_ns = self._freed_ns or self.now_ns(), 0
            if self._waiting[0][0] + self._limits.pool_timeout_ns <= now:
                self._expire(now)
            else:
                self._begin(self._free.popleft(), self._waiting.popleft(), now, waited=True)

    def _on_socket(self, session: BoundSession, events: int) -> None:
        self._freed_ns = 0
        if session.connecting:
            self._pool.reconnector.step(session)
        else:
            self._on_answer(session, events)
        if self._waiting or self._pool.bidders:
            self._serve()

    def _on_answer(self, session: BoundSession, events: int) -> None:
        if events & WRITABLE:
            self._flush(session)
        if events != WRITABLE:
            results = session.receive()
            if results:
                actor = session.serves
                if actor is not None and actor.awaits:
                    self._interpreter.advance(actor, results)
                    return
            if results is not None:
                self._answered(session, results)

    def _flush(self, session: BoundSession) -> None:
        try:
            session.flush()
        except psycopg.OperationalError:
            self._answered(session, [])
            return
        if not session.wants_write:
            self._watch.as_session_wants(session)

    def _answered(self, session: BoundSession, results: list[Any]) -> None:
        if session.broken:
            self._watch.forget(session)  # its socket is closed: the next connection may get the same number
        actor = session.serves
        if actor is not None and actor.awaits and actor.session is session:
            self._interpreter.advance(actor, results)
        elif session.piped is not None and not session.broken:
            session.unread(results)
        elif session.broken:
            self._pool.lost_while_idle(session)

    def abandon(self) -> None:
        """Record what waits or is under way as abandoned."""
        self._cut_off = self._account.abandon(self._actors, self._waiting, self.now_ns())
        self._waiting.clear()

    def close(self) -> None:
        """Cancel what was abandoned, close all connections; may wait for a server that does not answer."""
        for session in self._cut_off:
            session.cancel()
        self._pool.close()
        self._watch.close()
