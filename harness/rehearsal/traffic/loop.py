"""The event loop of a traffic process: arrivals by the clock, a pool of connections, a queue where none is free."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from harness.events.operations import NO_ACTOR
from harness.rehearsal.traffic.account import Account, index_of
from harness.rehearsal.traffic.actor import Actor, BoundSession, CompiledOperation
from harness.rehearsal.traffic.answers import Answers
from harness.rehearsal.traffic.express import Express
from harness.rehearsal.traffic.interpreter import Interpreter
from harness.rehearsal.traffic.pool import Pool, PoolLimits
from harness.rehearsal.traffic.recorder import FLUSH_EVERY_NS, Recorder
from harness.rehearsal.traffic.tally import Tally
from harness.rehearsal.traffic.timetable import Arriving, Timetable
from harness.rehearsal.traffic.waiting import TOO_LATE, Waiting
from harness.rehearsal.traffic.watch import Timers, Watch

_LONGEST_WAIT_NS: Final = 100_000_000  # counters for the live view are at most this old
_AT_ONCE: Final = 0  # of an instant: whatever has come
_monotonic_ns: Final = time.monotonic_ns


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
            on_absorbed=self._account.absorbed,
        )
        self._waiting = Waiting(timetable, limits, unserved=self._account.unserved)
        self._express = Express(
            operations=operations,
            interpreter=self._interpreter,
            watch=self._watch,
            recorder=recorder,
            waiting=self._waiting,
            free=self._free,
            origin_ns=origin_ns,
        )
        self._answers = Answers(interpreter=self._interpreter, watch=self._watch, pool=self._pool)
        self._cut_off: list[BoundSession] = []
        self._ask_again = False
        self._flush_ns = 0
        self._tick_ns = 0
        self._deadline_ns = 0
        self._keeps = not limits.lends

    @property
    def waiting(self) -> int:
        """Operations that wait for a connection, first of the application's pool, then of the server."""
        return self._waiting.count(self.now_ns()) + sum(actor.start_ns == 0 for actor in self._pool.bidders)

    @property
    def in_flight(self) -> int:
        """Operations that have a connection and are not done."""
        return sum(actor.operation is not None and actor.start_ns != 0 for actor in self._actors)

    def account(self) -> Tally:
        """What was counted, up to now."""
        self.tally.offered = self._timetable.taken + self._timetable.waiting(self.now_ns())
        self.tally.longest_queue = self._waiting.longest
        self.tally.absorbed = self._interpreter.absorbed
        self.tally.connect_failures = self._pool.reconnector.failures
        self.tally.take_connects(self._pool.reconnector.took_ns)
        self.tally.fold()
        return self.tally

    def now_ns(self) -> int:
        """Nanoseconds since the run started."""
        return _monotonic_ns() - self._origin_ns

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
        waiting, coming, free = self._waiting, self._timetable.coming, self._free
        timers, pool = self._timers, self._pool
        wait, usual, origin_ns = self._watch.wait, self._keeps, self._origin_ns
        attend_ns = _AT_ONCE
        while True:
            now = _monotonic_ns() - origin_ns
            if now >= attend_ns or not coming:
                attend_ns = self._attend(now, until, on_tick)
                if attend_ns == 0:
                    return
            due_ns = waiting.next_ns(free=bool(free))
            if due_ns <= now:
                self._serve(now)
                due_ns = waiting.next_ns(free=bool(free))
                now = _monotonic_ns() - origin_ns
            if not free:
                waiting.meet(now)
            attend_ns = min(attend_ns, timers.next_ns, pool.next_expiry_ns)
            ready = wait(min(attend_ns, due_ns) - now)
            if usual and ready:
                ready = self._express.answered(ready)
            if ready:
                attend_ns = _AT_ONCE  # whom they freed serves when all are looked at
                for descriptor, events in ready:
                    self._on_event(descriptor, events)

    def _attend(self, now: int, until: Callable[[int], int], on_tick: Callable[[], None]) -> int:
        """What need not be looked after at each turn; gives the instant when it must be next, 0 at the end."""
        timers = self._timers
        if self._pool.next_expiry_ns <= now:
            self._expire(now)
        while timers.next_ns <= now:
            timers.ring(now)
        if self._pool.bidders:
            self._pool.match()
        if now >= self._tick_ns:
            self._tick_ns = now + _LONGEST_WAIT_NS
            self._tick(now, on_tick)
        if self._ask_again or now >= self._deadline_ns or not self._timetable.coming:
            self._ask_again = False
            self._deadline_ns = until(now)
            if self._deadline_ns == 0:
                return 0
        return min(self._deadline_ns, self._tick_ns)

    def _on_event(self, descriptor: int, events: int) -> None:
        session = self._watch.sessions.get(descriptor)
        if session is not None:
            self._answers.on_event(session, events)
        elif descriptor in self._watch.callbacks:  # else a socket is gone that was reported with others
            self._watch.callbacks[descriptor]()

    def _tick(self, now: int, on_tick: Callable[[], None]) -> None:
        if now >= self._flush_ns:
            self._flush_ns = now + FLUSH_EVERY_NS
            self._recorder.flush()
        on_tick()

    def _serve(self, now: int) -> None:
        """Give free connections to those who wait, first come first served."""
        if self._pool.bidders:
            self._pool.match()
        while self._free:
            arriving = self._waiting.take(now)
            if arriving is None:
                return
            self._begin(self._free.popleft(), arriving, now)
            now = self.now_ns()
            if self._pool.bidders:
                self._pool.match()
        self._waiting.give_up(now)

    def _expire(self, now: int) -> None:
        for actor in self._pool.expired(now):
            if actor.start_ns:
                self._interpreter.fail(actor, TOO_LATE)
            else:
                self._account.unserved((actor.due_ns, index_of(actor), actor.version), now, TOO_LATE)
                self._release(actor)

    def _begin(self, actor: Actor, arriving: Arriving, now: int) -> None:
        """Who was due before the connection became free has it from that moment, and has waited."""
        actor.due_ns, index, actor.version = arriving
        operation = self._operations[index]
        freed_ns = actor.freed_ns
        actor.waited = waited = actor.due_ns < freed_ns
        session = actor.session
        if session is None:
            actor.start_ns = 0
            actor.begin(operation)
            actor.waited = waited or not self._pool.idle or bool(self._pool.bidders)
            self._pool.bid(actor)
        else:
            actor.checkout_ns = freed_ns if waited else now
            actor.served_by = session.number
            start_ns = self._express.start(actor, session, operation)
            if not waited:
                self.tally.lags.append(start_ns - arriving[0])

    def _bound(self, actor: Actor) -> None:
        """A server connection was found for an actor that waited for one."""
        if actor.start_ns:
            self._interpreter.advance(actor)
        else:
            self._start(actor, self.now_ns())

    def _start(self, actor: Actor, checkout_ns: int) -> None:
        actor.checkout_ns = checkout_ns
        actor.served_by = NO_ACTOR if actor.session is None else actor.session.number
        actor.start_ns = start_ns = _monotonic_ns() - self._origin_ns
        if not actor.waited:
            self.tally.lags.append(start_ns - actor.due_ns)
        self._interpreter.advance(actor)

    def _done(self, actor: Actor) -> None:
        now = _monotonic_ns() - self._origin_ns
        self._account.done(actor, now)
        if self._keeps and actor.failure is None:  # its connection has just answered: it is its own, and sound
            actor.operation = None
            actor.turn += 1
            actor.freed_ns = now
            self._free.append(actor)
        else:
            self._release(actor)

    def _release(self, actor: Actor) -> None:
        actor.operation = None
        actor.turn += 1
        self._pool.release(actor)

    def abandon(self) -> None:
        """Record what waits or is under way as abandoned."""
        now = self.now_ns()
        self._cut_off = self._account.abandon(self._actors, self._waiting.leave(now), now)

    def close(self) -> None:
        """Cancel what was abandoned, close all connections; may wait for a server that does not answer."""
        for session in self._cut_off:
            session.cancel()
        self._pool.close()
        self._watch.close()
