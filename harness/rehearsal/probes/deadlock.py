"""The deadlock probe: the migration against the application in a loop, with time to get into each other's way.

Between the statements of one transaction the migration waits until the application's sessions stand before what it has
locked: whoever locks in the opposite order then holds what the migration asks for next. That makes a deadlock that
production meets now and then one that is met here at once.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from harness.events.migration import StatementEnded
from harness.events.probes import DeadlockProbed, DeadlockSeen
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Direction, Pass, PhaseKind, Role
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.migration.hook import NoHook, Upcoming
from harness.rehearsal.migration.statement import Statement
from harness.rehearsal.probes.app import callers_of, open_session
from harness.rehearsal.probes.loopers import DEADLOCK, Looper, Victim
from harness.rehearsal.probes.partners import partners_of
from harness.rehearsal.probes.suspects import Suspect, suspects_of
from harness.rehearsal.probes.watcher import Watcher
from harness.rehearsal.probes.way_up import WayUp
from harness.rehearsal.stage import Stage, harness_session
from harness.rehearsal.traffic.samples import load_samples
from harness.rehearsal.traffic.scale import pgbench_scale
from harness.spec.workload import Workload, with_scale

LOOPERS: Final = 4
"""Sessions of the application: experiment G of the labelled cases has as many."""
ROUNDS: Final = 2
"""A round in which the two sides met and did not deadlock is repeated once: by then the odds are told apart."""
# A pause ends when all loopers stand still; those that do not get there have nothing to do with what is locked.
_PAUSE_NS: Final = 800 * NS_PER_MS
_AFTER_FIRST_NS: Final = 250 * NS_PER_MS
_PAUSES_NS: Final = 8 * NS_PER_S
_LOOK_EVERY_S: Final = 0.005
# The loop is under way when each session has been through a transaction.
_WARM_UP_NS: Final = 2 * NS_PER_S
_SPARE_NS: Final = 20 * NS_PER_S
_SLOWER: Final = 8


def probe_deadlock(stage: Stage) -> None:
    """Run the experiment and journal what it showed."""
    suspects = suspects_of(stage.traced.statements)
    if not suspects:
        _skip(stage, "no transaction of the migration takes two locks one after the other")
    elif stage.workload is None:
        _skip(stage, "there is no application")
    else:
        with stage.phase(Pass.PROBE, PhaseKind.DEADLOCK):
            _probe(stage, suspects)


def _probe(stage: Stage, suspects: tuple[Suspect, ...]) -> None:
    rounds: list[_Round] = []
    while len(rounds) < ROUNDS:
        server = stage.engine.clone(stage.digest)
        try:
            partners = partners_of(stage, server, suspects=suspects)
            if partners is None:
                _skip(
                    stage,
                    "no operation of the application waits for one lock of the migration's while it holds another",
                )
                return
            one = _Round(stage, server, suspects)
            one.perform(partners)
        finally:
            server.discard()
        rounds.append(one)
        if one.seen or not one.met:
            break
    stage.emit(_told(stage, suspects, rounds))


@dataclass(slots=True)
class _Round:
    """One way up on a clone of its own."""

    stage: Stage
    server: Server
    suspects: tuple[Suspect, ...]
    seen: list[DeadlockSeen] = field(default_factory=list)
    executed: int = 0
    met: int = 0
    """Sessions that stood before the migration, counted once a pause; without a pause, statements that took long."""
    _loopers: list[Looper] = field(default_factory=list)
    _victims: list[tuple[Victim, str]] = field(default_factory=list)
    _found: threading.Event = field(default_factory=threading.Event)
    _way: WayUp | None = None

    def perform(self, workload: Workload) -> None:
        """Loop, migrate, stop; what was seen is in the fields."""
        watcher = Watcher.connect(self.server, clock=self.stage.clock)
        try:
            self._loopers = self._ready(workload)
            pauses = _Pauses(watcher, self.suspects, self._loopers, self._found)
            way = self._way = WayUp(
                stage=self.stage, server=self.server, ahead=pauses.ahead, hook=pauses, on_end=self._ended
            )
            for looper in self._loopers:
                looper.start()
            self._warm_up()
            way.start()
            self._await(way)
        finally:
            self._stop(watcher)
        if self._way.error is not None:
            raise self._way.error
        self.met = pauses.met or sum(looper.waits for looper in self._loopers)
        self._tell()

    def _ready(self, workload: Workload) -> list[Looper]:
        seed, traffic = self.stage.scenario.seed, self.stage.scenario.traffic
        with harness_session(self.server) as connection:
            scaled = with_scale(workload, pgbench_scale(connection))
            samples = load_samples(connection, scaled, seed=seed)
        loopers = []
        for number in range(LOOPERS):
            callers = callers_of(scaled, samples, seed=seed + number, protocol=traffic.protocol)
            if callers:
                session = open_session(self.server, traffic, number=number)
                random = Random(seed + number)  # noqa: S311 - repeatable, not secret
                loopers.append(Looper(number, session, callers, self.stage.clock, self._victim, random))
        return loopers

    def _warm_up(self) -> None:
        deadline_ns = self.stage.clock.now_ns() + _WARM_UP_NS
        while self.stage.clock.now_ns() < deadline_ns and not all(looper.executed for looper in self._loopers):
            time.sleep(_LOOK_EVERY_S)

    def _await(self, way: WayUp) -> None:
        deadline_ns = self.stage.clock.now_ns() + _SLOWER * self.stage.traced.took_ns + _PAUSES_NS + _SPARE_NS
        while way.runs and not self._found.is_set() and self.stage.clock.now_ns() < deadline_ns:
            time.sleep(_LOOK_EVERY_S)

    def _stop(self, watcher: Watcher) -> None:
        self._found.set()
        if self._way is not None:
            self._way.stop()
        for looper in self._loopers:
            looper.ask_to_stop()
        for looper in self._loopers:
            looper.join()
            self.executed += looper.executed
        watcher.close()

    def _victim(self, victim: Victim) -> None:
        """In a looper's thread: a deadlock of the application with itself is none of the migration's."""
        way = self._way
        if way is None or not victim.pids - {looper.pid for looper in self._loopers}:
            return
        at = way.current or way.last
        self._victims.append((victim, at.statement if at is not None else ""))
        self._found.set()

    def _ended(self, event: StatementEnded) -> None:
        """In the migration's thread."""
        if event.sqlstate == DEADLOCK:
            self._found.set()

    def _tell(self) -> None:
        """What both sides were at, put together when nothing runs any more."""
        for victim, statement in self._victims:
            others = [x.waited_at(victim.at_ns) for x in self._loopers if x.pid in victim.pids]
            application = (victim.at, *(at for at in others if at is not None and at != victim.at))
            self.seen.append(DeadlockSeen(victim=Role.TRAFFIC.value, statement=statement, application=application))
        for ended in self._way.ended if self._way is not None else ():
            if ended.sqlstate == DEADLOCK:
                stood = [x.waited_at(ended.at_ns) for x in self._loopers]
                application = tuple(dict.fromkeys(at for at in stood if at is not None))
                self.seen.append(
                    DeadlockSeen(victim=Role.MIGRATION.value, statement=ended.statement, application=application)
                )


class _Pauses(NoHook):
    """Lets the application come up after each statement that has locked something, but the last of its transaction."""

    def __init__(
        self, watcher: Watcher, suspects: Sequence[Suspect], loopers: Sequence[Looper], found: threading.Event
    ) -> None:
        self._watcher = watcher
        self._locking = {name for suspect in suspects for name in suspect.locking}
        self._loopers = loopers
        self._found = found
        self._left_ns = _PAUSES_NS
        self._last = ""
        self.pid = 0
        self.met = 0

    def attach(self, connection: Connection) -> None:
        """The migration's backend is known from here on."""
        self.pid = connection.info.backend_pid

    def ahead(self, upcoming: Upcoming) -> None:
        """Learn where the transaction that comes has its last lock."""
        locking = [statement.id for statement in upcoming.statements if statement.id in self._locking]
        self._last = locking[-1] if locking else ""

    def after(self, statement: Statement, *, direction: Direction, in_transaction: bool, sqlstate: str) -> None:
        """Wait until the application stands before what is locked, or has shown that it never will."""
        more = statement.id in self._locking and statement.id != self._last
        if in_transaction and not sqlstate and direction is Direction.UP and more:
            self._pause()

    def _pause(self) -> None:
        clock = self._watcher.clock
        start_ns = clock.now_ns()
        end_ns, stand = start_ns + min(_PAUSE_NS, self._left_ns), 0
        own = {looper.pid for looper in self._loopers}
        while clock.now_ns() < end_ns and not self._found.is_set():
            waiting = self._watcher.look(behind=self.pid, apart_from=())
            now = len(own & {pid for pid, one in waiting.items() if self.pid in one.behind or one.behind & own})
            if now and not stand:
                end_ns = min(end_ns, clock.now_ns() + _AFTER_FIRST_NS)
            stand = max(stand, now)
            if now == len(own):
                break
            time.sleep(_LOOK_EVERY_S)
        self.met += stand
        self._left_ns -= clock.now_ns() - start_ns


def _told(stage: Stage, suspects: tuple[Suspect, ...], rounds: list[_Round]) -> DeadlockProbed:
    return DeadlockProbed(
        at_ns=stage.clock.now_ns(),
        pass_=Pass.PROBE,
        loopers=LOOPERS,
        rounds=len(rounds),
        transactions=tuple(suspect.statements for suspect in suspects),
        executed=sum(one.executed for one in rounds),
        blocked=sum(one.met for one in rounds),
        deadlocks=tuple(seen for one in rounds for seen in one.seen),
    )


def _skip(stage: Stage, reason: str) -> None:
    stage.emit(
        DeadlockProbed(
            at_ns=stage.clock.now_ns(),
            pass_=Pass.PROBE,
            loopers=0,
            rounds=0,
            transactions=(),
            executed=0,
            blocked=0,
            deadlocks=(),
            skipped=reason,
        )
    )
