"""The pool of connections: which actor is free, which server connection serves it, and what becomes of lost ones."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.rehearsal.traffic.actor import Actor, BoundSession
from harness.rehearsal.traffic.reconnect import Reconnector
from harness.rehearsal.traffic.timetable import NEVER
from harness.rehearsal.traffic.watch import Timers, Watch


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What the application's pool allows.

    `lends`: transaction pooling. `max_waiters` 0 is any number. `connect_cost_ns` is what a new connection costs beyond
    this machine's.
    """

    pool_timeout_ns: int
    max_waiters: int = 0
    connect_cost_ns: int = 0
    lends: bool = False


class Pool:
    """Actors and sessions; session k is actor k's own for good, unless sessions are lent per transaction.

    `bidders` are actors that run an operation and need a server connection, first come first served; `match` gives
    `on_bound` those for whom there is one. `on_backend` gets each session that has a new connection.
    """

    def __init__(
        self,
        actors: Sequence[Actor],
        sessions: Sequence[BoundSession],
        limits: PoolLimits,
        *,
        watch: Watch,
        timers: Timers,
        now_ns: Callable[[], int],
        on_bound: Callable[[Actor], None],
        on_backend: Callable[[BoundSession], None],
    ) -> None:
        self._sessions = sessions
        self._lends = limits.lends
        self._patience_ns = limits.pool_timeout_ns
        self._watch = watch
        self._now_ns = now_ns
        self._on_bound = on_bound
        self._on_backend = on_backend
        self.free = deque(actors)
        self.idle = deque(sessions) if limits.lends else deque()
        self.bidders: deque[Actor] = deque()
        self.next_expiry_ns = NEVER
        """No bidder gives up before."""
        self.reconnector = Reconnector(
            watch, timers, now_ns=now_ns, cost_ns=limits.connect_cost_ns, on_ready=self._reconnected
        )
        for session in sessions:
            watch.reading(session)
        if not limits.lends:
            for actor, session in zip(actors, sessions, strict=True):
                actor.session, session.serves = session, actor

    @property
    def ready(self) -> bool:
        """Whether an arrival could start at once."""
        return bool(self.free) and (not self._lends or bool(self.idle))

    def bid(self, actor: Actor) -> None:
        """The actor needs a server connection."""
        actor.queued_ns = self._now_ns()
        self.bidders.append(actor)
        self.next_expiry_ns = min(self.next_expiry_ns, self._gives_up_ns(actor))

    def match(self) -> None:
        """Lend idle sessions to bidders, in the order in which they came."""
        while self.bidders and self.idle:
            actor, session = self.bidders.popleft(), self.idle.popleft()
            actor.session, session.serves = session, actor
            self._on_bound(actor)

    def expired(self, now: int) -> list[Actor]:
        """Take the bidders out that have waited for pool_timeout."""
        gone = [actor for actor in self.bidders if self._gives_up_ns(actor) <= now]
        for actor in gone:
            self.bidders.remove(actor)
        self.next_expiry_ns = min(map(self._gives_up_ns, self.bidders), default=NEVER)
        return gone

    def _gives_up_ns(self, actor: Actor) -> int:
        """Before its first statement an operation waits from its due time on, later from the moment it has to."""
        return (actor.queued_ns if actor.start_ns else actor.due_ns) + self._patience_ns

    def given_back(self, session: BoundSession) -> None:
        """A transaction is over, and its actor has let the session go."""
        self.idle.append(session)

    def release(self, actor: Actor) -> None:
        """The actor's operation is over."""
        self.let_go(actor)
        if self._lends or actor.session is not None:
            self._freed(actor)

    def _freed(self, actor: Actor) -> None:
        actor.freed_ns = self._now_ns()
        self.free.append(actor)

    def let_go(self, actor: Actor) -> None:
        """The actor needs no server connection for now; a broken one is lost."""
        session = actor.session
        if session is None:
            return
        if session.broken or session.piped is not None:
            self._lost(session)
        elif self._lends:
            actor.session = session.serves = None
            self.idle.append(session)

    def lost_while_idle(self, session: BoundSession) -> None:
        """The connection of a session under no statement is gone; an operation that thinks finds out by itself."""
        actor = session.serves
        if actor is None and session in self.idle:
            self.idle.remove(session)
            self._lost(session)
        elif actor is not None and actor.operation is None and actor in self.free:
            self.free.remove(actor)
            self._lost(session)

    def _lost(self, session: BoundSession) -> None:
        if session.serves is not None:
            session.serves.session = None
            if self._lends:
                session.serves = None
        self.reconnector.begin(session)

    def _reconnected(self, session: BoundSession) -> None:
        self._on_backend(session)
        actor = session.serves
        if actor is None:
            self.idle.append(session)
            self.match()
            return
        actor.session = session
        if actor.operation is None:
            self._freed(actor)
        elif actor in self.bidders:
            self.bidders.remove(actor)
            self._on_bound(actor)

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            self._watch.forget(session)
            session.close()
