"""One experiment of the queue probe: a long transaction stands on a table, the migration comes, who waits?

The migration goes its way up in a thread of its own. Before the transaction with the statement in question begins, the
antagonist takes its place; a session that waits for nobody looks at the lock table until it is known how the wait ends:
by a timeout, by itself, or not at all. Once the migration has waited for a moment, an ordinary read and an ordinary
write are sent after it.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Final

import psycopg

from harness.events.migration import StatementEnded
from harness.events.probes import QueueProbed
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Direction, Pass
from harness.postgres.ports import Server
from harness.rehearsal.migration.hook import Upcoming
from harness.rehearsal.probes.bystanders import Antagonist, Bystander
from harness.rehearsal.probes.targets import Target
from harness.rehearsal.probes.watcher import Wait, Watcher
from harness.rehearsal.probes.way_up import WayUp
from harness.rehearsal.stage import Stage

STILL_WAITING_NS: Final = 2_600 * NS_PER_MS
"""A wait without a bound is called so when it has lasted this long: experiment D of the labelled cases has it."""
_LONGEST_BOUND_NS: Final = 10_000 * NS_PER_MS
# Over a bound that is known or may be there: for the server to notice, and for the look after that.
_GRACE_NS: Final = 600 * NS_PER_MS
# A statement that waits again and again, each time bounded, has shown by then what it does.
_LONGEST_RETRIES_NS: Final = 8 * NS_PER_S
_LOOK_NS: Final = 5 * NS_PER_MS
# The statement has settled in the queue; shorter than any lock_timeout that leaves room for a queue.
_BEFORE_BYSTANDERS_NS: Final = 20 * NS_PER_MS


@dataclass(slots=True)
class Stand:
    """The experiment on one target."""

    stage: Stage
    server: Server
    target: Target
    deadline_ns: int
    antagonist: Antagonist = field(init=False)
    way: WayUp = field(init=False)
    placed: threading.Event = field(default_factory=threading.Event)
    refused: str = ""
    """SQLSTATE of what kept the antagonist from its place."""

    def __post_init__(self) -> None:
        self.antagonist = Antagonist(self.server, self.target)
        self.way = WayUp(stage=self.stage, server=self.server, ahead=self._ahead)

    def perform(self) -> QueueProbed:
        """Run it to its end, leave nothing running, and say what was seen."""
        clock, users = self.stage.clock, []
        watcher = Watcher.connect(self.server, clock=clock)
        try:
            kinds = (False,) if self.target.kind == "m" else (False, True)
            users = [Bystander.connect(self.server, self.target, writes=writes, clock=clock) for writes in kinds]
            if self.stage.plan.command is not None:
                self._place()
            self.way.start()
            outcome = self._observe(watcher, users)
        finally:
            self.way.stop()
            self.antagonist.leave()
            for user in users:
                user.end()
            watcher.close()
        if self.way.error is not None:
            raise self.way.error
        return self._told(outcome, watcher, users)

    def _ahead(self, upcoming: Upcoming) -> None:
        """In the migration's thread: take the place before the transaction that matters."""
        wanted = self.target.statement in {statement.id for statement in upcoming.statements}
        if wanted and upcoming.direction is Direction.UP and not self.placed.is_set():
            self._place()

    def _place(self) -> None:
        try:
            self.antagonist.stand()
        except psycopg.Error as error:
            self.refused = error.sqlstate or "08006"
        self.placed.set()

    def _observe(self, watcher: Watcher, users: list[Bystander]) -> str:
        """Look until it is known how it ends: the outcome."""
        own = {watcher.connection.info.backend_pid, *(user.pid for user in users)}
        while self.stage.clock.now_ns() < self.deadline_ns:
            ran = self.way.runs
            ended = self._ended()
            if self.placed.is_set() and not self.refused:
                seen = watcher.look(behind=self.antagonist.pid, apart_from={*own, self.antagonist.pid})
                for user in users:
                    if (waiting := seen.get(user.pid)) is not None and watcher.waiter in waiting.behind:
                        user.queued = True
                self._send(watcher, users)
                if outcome := self._decided(watcher.waits, ended=ended or not ran):
                    return outcome
            elif not ran or self.refused:
                break
            time.sleep(_LOOK_NS / NS_PER_S)
        return "waiting" if _is_long(watcher.waits) else "not_reached"

    def _ended(self) -> bool:
        """Whether the statement in question is done, or the migration failed before it."""
        return self.way.end_of(self.target.statement) is not None or any(e.sqlstate for e in list(self.way.ended))

    def _send(self, watcher: Watcher, users: list[Bystander]) -> None:
        waits = watcher.waits
        if waits and waits[-1].lasted_ns >= _BEFORE_BYSTANDERS_NS:
            for user in users:
                user.send()

    def _decided(self, waits: list[Wait], *, ended: bool) -> str:
        """How it ended, "" where that is still open."""
        if ended:
            failed = self._failure()
            if waits:
                return "cancelled" if failed is not None or self.stage.plan.command is not None else "given_up"
            return "passed" if self.way.end_of(self.target.statement) or failed is None else "not_reached"
        if waits and max(wait.lasted_ns for wait in waits) >= self._patience_ns:
            return "waiting"
        if waits and self.stage.clock.now_ns() - waits[0].start_ns >= max(_LONGEST_RETRIES_NS, self._patience_ns):
            return "retried"
        return ""

    @property
    def _patience_ns(self) -> int:
        """How long one wait is watched: longer than the bound that is, or may be, in force."""
        bound = self.target.bound
        if not bound.certain:
            return _LONGEST_BOUND_NS + _GRACE_NS
        limit_ns = (bound.longest_ms or 0) * NS_PER_MS
        return max(STILL_WAITING_NS, limit_ns + _GRACE_NS) if bound.holds else STILL_WAITING_NS

    def _failure(self) -> StatementEnded | None:
        return next((one for one in list(self.way.ended) if one.sqlstate), None)

    def _told(self, outcome: str, watcher: Watcher, users: list[Bystander]) -> QueueProbed:
        target, failure = self.target, self._failure() if outcome in ("cancelled", "not_reached") else None
        longest = max(watcher.waits, key=lambda wait: wait.lasted_ns, default=None)
        waited_ns, error_ns = _lasted(
            longest, failure if longest is not None and longest is watcher.waits[-1] else None
        )
        at = self.way.last.statement if self.way.last is not None else ""
        reads = next((u for u in users if not u.writes and u.was_sent), None)
        writes = next((u for u in users if u.writes and u.was_sent), None)
        return QueueProbed(
            at_ns=self.stage.clock.now_ns(),
            pass_=Pass.PROBE,
            statement=target.statement,
            relation=target.relation,
            mode=target.mode.pg_name,
            antagonist=target.antagonist,
            outcome=outcome,
            concurrently=target.concurrently,
            sqlstate=failure.sqlstate if failure is not None else self.refused,
            waited_ns=waited_ns,
            error_ns=error_ns,
            waits=len(watcher.waits),
            waited_for=longest.waits_for if longest else "",
            statement_waited=at if at != target.statement and longest is not None else "",
            reads_queued=reads.queued if reads else None,
            reads_queued_ns=reads.took_ns if reads and reads.queued else None,
            writes_queued=writes.queued if writes else None,
            writes_queued_ns=writes.took_ns if writes and writes.queued else None,
            left_behind=_unfinished(failure) if target.concurrently else (),
        )


def _lasted(wait: Wait | None, failure: StatementEnded | None) -> tuple[int | None, int]:
    """How long a wait lasted, and its ± in ns: it ended between the last look and the error that ended it."""
    if wait is None:
        return None, 0
    until_ns = max(failure.at_ns, wait.seen_ns) if failure is not None else wait.seen_ns
    half_ns = (until_ns - wait.seen_ns) // 2
    return wait.lasted_ns + half_ns, wait.error_ns + half_ns + (0 if failure is not None else _LOOK_NS)


def _is_long(waits: list[Wait]) -> bool:
    return any(wait.lasted_ns >= STILL_WAITING_NS for wait in waits)


def _unfinished(failure: StatementEnded | None) -> tuple[str, ...]:
    """Of what a failed statement left, the halves of unfinished work."""
    left = failure.left_behind if failure is not None else ()
    return tuple(line for line in left if line.startswith(("invalid index", "partition left")))
