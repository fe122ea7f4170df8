"""Polling pg_locks: what the migration holds, and strong locks of anybody."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import psycopg
from psycopg.pq.abc import PGresult

from harness.events.codec import AnyEvent
from harness.events.observation import LockHeld
from harness.model.clock import Clock
from harness.model.locks import LockMode
from harness.model.units import NS_PER_MS
from harness.model.words import Pass, Role
from harness.postgres.ports import Server
from harness.rehearsal.observer.holds import Hold, HoldKey, HoldTracker
from harness.rehearsal.observer.link import Link
from harness.rehearsal.observer.lock_messages import advisory_name
from harness.rehearsal.observer.relations import Relation, Relations
from harness.rehearsal.observer.sessions import Sessions, read_backends
from harness.rehearsal.observer.wait_sightings import Blockers, WaitingRow, WaitSightings
from harness.rehearsal.observer.wall_clock import WallClock
from harness.rehearsal.observer.windows import Windows

# Polling takes at most this share of one core of the server: 5 ms apart at 0.25 ms a poll, 9 ms apart at 0.45 ms with
# 100 backends, 20 ms apart at 1.3 ms with 300.
_MAX_SHARE = 0.05
# An uncommitted relation stays invisible until it is committed: looking more often than this finds nothing more.
_LOOK_AGAIN_NS = 100 * NS_PER_MS
# DROP INDEX CONCURRENTLY and its like hold their strong locks for 1 to 3 ms, and no transaction of ours frames them.
_CONCURRENTLY_INTERVAL_NS = 2 * NS_PER_MS
# While no migration runs: at most this share of a core, ours and the server's together, and still often enough to see
# every session and most holds.
_IDLE_SHARE = 0.01
_IDLE_INTERVAL_NS = 200 * NS_PER_MS
_RECONNECT_S = 0.05
_RECENT_POLLS = 32


@dataclass(slots=True)
class PollMeasure:
    """What polling cost and how regular it was; `gap_migration_ns_max` counts of a gap what a migration ran."""

    polls: int = 0
    total_ns: int = 0
    max_ns: int = 0
    gap_ns_max: int = 0
    gap_migration_ns_max: int = 0
    away_ns: int = 0


@dataclass(frozen=True, slots=True)
class SeenHold:
    """A hold with its relation and its holder's role."""

    hold: Hold
    relation: Relation
    role: Role


@dataclass(frozen=True, slots=True)
class _Row:
    key: HoldKey
    granted: bool
    target: str
    start_us: int | None

    @classmethod
    def of(cls, result: PGresult, number: int) -> "_Row":
        """Row `number` of lock_poll.sql."""
        pid, oid, mode, transaction, granted, target, start, advisory = (
            result.get_value(number, i) or b"" for i in range(8)
        )
        name = mode.decode()
        # CREATE INDEX CONCURRENTLY, VACUUM and their like keep this mode across the transactions they consist of; an
        # advisory lock may be the session's.
        lasting = name == LockMode.SHARE_UPDATE_EXCLUSIVE.pg_name or advisory
        key = HoldKey(int(pid), int(oid), name, "" if lasting else transaction.decode(), advisory.decode())
        return cls(key, granted == b"t", target.decode(), int(start) if start else None)

    @property
    def waiting(self) -> WaitingRow:
        """The row as one of a session that waits."""
        return WaitingRow(self.key.pid, self.key.mode, self.target, self.start_us)


class LockPoller:
    """Polls in a thread of its own (`run`), every `interval_ns`, every `busy_interval_ns` while the migration runs.

    In the load pass the busy interval grows where a poll is dear, so that observing does not disturb what is observed.
    """

    def __init__(
        self,
        server: Server,
        *,
        clock: Clock,
        pass_: Pass,
        database_oid: int,
        sessions: Sessions,
        relations: Relations,
        windows: Windows,
        wall: WallClock,
        emit: Callable[[AnyEvent], None],
        interval_ns: int,
        busy_interval_ns: int,
    ) -> None:
        self._link = Link(server)
        self._clock = clock
        self._pass = pass_
        self._database_oid = database_oid
        self._sessions = sessions
        self._relations = relations
        self._windows = windows
        self._emit = emit
        self._interval_ns = interval_ns
        self._busy_interval_ns = busy_interval_ns
        self._tracker = HoldTracker()
        self._sightings = WaitSightings(pass_=pass_, wall=wall, sessions=sessions)
        self._blockers = Blockers(pass_=pass_, clock=clock, wall=wall, sessions=sessions)
        self._concurrently = False
        self._roles: dict[HoldKey, Role] = {}
        self._looked_up: dict[int, int] = {}
        self._last_asked_ns: int | None = None
        self._lost_ns: int | None = None
        self._recent_ns: deque[int] = deque(maxlen=_RECENT_POLLS)
        self._recent_whole_ns: deque[int] = deque(maxlen=_RECENT_POLLS)
        self._wake = threading.Event()
        self.measure = PollMeasure()
        self.migration_holds: list[SeenHold] = []
        self.last_waiting: dict[int, int] = {}
        """When each pid was last seen waiting for a lock."""
        self.last_poll_ns = 0

    def wake(self) -> None:
        """Poll now: the migration starts."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set; a server that goes away is waited for."""
        while not stop.is_set():
            began = self._clock.now_ns()
            try:
                self._poll()
            except psycopg.OperationalError:
                self._away(began)
                stop.wait(_RECONNECT_S)
                continue
            self._recent_whole_ns.append(self._clock.now_ns() - began)
            left = began + self._pause_ns() - self._clock.now_ns()
            if self._wake.wait(max(left, 0) / 1e9):
                self._wake.clear()

    def finish(self) -> None:
        """Tell the holds that nothing ended, and close the connection; call after `run` returned."""
        try:
            self._tell(self._tracker.finish(at_ns=self._clock.now_ns()))
            for seen in self._sightings.finish():
                self._emit(seen)
        finally:
            self._link.close()

    def _poll(self) -> None:
        bind = [b"%d" % self._database_oid, self._sessions.not_migration]
        asked = self._clock.now_ns()
        result = self._link.prepared("lock_poll", bind)
        answered = self._clock.now_ns()
        rows = [_Row.of(result, number) for number in range(result.ntuples)]
        self._account(asked, answered)
        self.last_poll_ns = asked
        waiting = [row.waiting for row in rows if not row.granted]
        self.last_waiting.update((row.pid, asked) for row in waiting)
        for seen in self._sightings.poll(waiting, asked_ns=asked):
            self._emit(seen)
        granted = [row.key for row in rows if row.granted]
        keys = self._of_interest(granted)
        self._look_up({key.oid for key in keys if key.oid})
        self._tell(self._tracker.poll(keys, asked_ns=asked, answered_ns=answered))
        # A statement that commits on its way holds this mode all along, and strong ones for moments.
        self._concurrently = any(key.mode == LockMode.SHARE_UPDATE_EXCLUSIVE.pg_name for key in keys)
        for due in self._blockers.due(waiting, asked_ns=asked):
            for blocker in self._blockers.ask(self._link.get(), due):
                self._emit(blocker)

    def _of_interest(self, granted: list[HoldKey]) -> list[HoldKey]:
        if any(self._sessions.role_of(key.pid) is None for key in granted):
            for event in self._sessions.update(read_backends(self._link), at_ns=self._clock.now_ns()):
                self._emit(event)
        keys = []
        for key in granted:
            role = self._sessions.role_of(key.pid) or Role.OTHER
            strong = not key.advisory and role is not Role.OBSERVER and _is_strong(key.mode)
            if role is Role.MIGRATION or strong:
                keys.append(key)
                self._roles.setdefault(key, role)
        return keys

    def _look_up(self, oids: set[int]) -> None:
        now = self._clock.now_ns()
        due = [oid for oid in self._relations.unknown(oids) if now - self._looked_up.get(oid, -_LOOK_AGAIN_NS) >= 0]
        if due:
            self._looked_up.update(dict.fromkeys(due, now + _LOOK_AGAIN_NS))
            for event in self._relations.learn(self._link.get(), due, at_ns=now):
                self._emit(event)

    def _tell(self, holds: list[Hold]) -> None:
        unknown = self._relations.unknown(hold.key.oid for hold in holds if hold.key.oid)
        if unknown and not self._link.is_lost:
            for event in self._relations.learn(self._link.get(), unknown, at_ns=self._clock.now_ns()):
                self._emit(event)
        for hold in holds:
            role = self._roles.pop(hold.key, Role.OTHER)
            if hold.key.advisory:
                self._emit(self._held(hold, role, relation=advisory_name(hold.key.advisory), kind="advisory"))
                continue
            relation = self._relations.get(hold.key.oid)
            # Never visible: made and gone within its transaction, so nobody else could meet it.
            if relation is None or (relation.is_system and not _is_strong(hold.key.mode)):
                continue
            if role is Role.MIGRATION:
                self.migration_holds.append(SeenHold(hold, relation, role))
            self._emit(self._held(hold, role, relation=relation.relation, kind=relation.kind, existed=relation.existed))

    def _held(self, hold: Hold, role: Role, *, relation: str, kind: str, existed: bool = False) -> LockHeld:
        return LockHeld(
            at_ns=hold.end_ns,
            pass_=self._pass,
            pid=hold.key.pid,
            role=role,
            relation=relation,
            kind=kind,
            mode=hold.key.mode,
            start_ns=hold.start_ns,
            end_ns=hold.end_ns,
            error_ns=hold.error_ns,
            existed=existed,
        )

    def _account(self, asked_ns: int, answered_ns: int) -> None:
        took = answered_ns - asked_ns
        measure = self.measure
        measure.polls += 1
        measure.total_ns += took
        measure.max_ns = max(measure.max_ns, took)
        self._recent_ns.append(took)
        if self._lost_ns is not None:
            measure.away_ns += asked_ns - self._lost_ns
            self._lost_ns = None
        elif self._last_asked_ns is not None:
            gap = asked_ns - self._last_asked_ns
            measure.gap_ns_max = max(measure.gap_ns_max, gap)
            # Before it began and after it ended nothing was to be seen: polls are far apart then on purpose.
            unseen = self._windows.overlap_ns(self._last_asked_ns, asked_ns)
            measure.gap_migration_ns_max = max(measure.gap_migration_ns_max, unseen)
        self._last_asked_ns = asked_ns

    def _away(self, began_ns: int) -> None:
        if not self._link.is_lost and self._last_asked_ns is not None and self._lost_ns is None:
            # Cancelled by our own time limits, the connection is fine: a gap like any other.
            return
        if self._lost_ns is None:
            self._lost_ns = began_ns
            # The server's backends are gone, and with them their locks.
            self._tell(self._tracker.finish(at_ns=began_ns))

    def _pause_ns(self) -> int:
        if self._windows.current is None:
            # pg_locks locks all of the lock table, which holds up the application's own locks: the more backends, the
            # longer. Nobody's hold is at stake, so a wait for a processor, which others want too, is a cost as well.
            usual = round(median(self._recent_whole_ns) / _IDLE_SHARE) if self._recent_whole_ns else 0
            return max(self._interval_ns, min(usual, _IDLE_INTERVAL_NS))
        wanted = self._busy_interval_ns
        if self._concurrently:
            wanted = min(wanted, _CONCURRENTLY_INTERVAL_NS)
        if self._pass is not Pass.LOAD:
            return wanted
        affordable = round(min(self._recent_ns, default=0) / _MAX_SHARE)
        return max(wanted, min(affordable, self._interval_ns))


def _is_strong(mode: str) -> bool:
    try:
        return LockMode.from_pg(mode).is_strong
    except ValueError:
        return False
