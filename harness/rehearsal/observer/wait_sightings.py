"""Waits as pg_locks shows them: the second witness beside the server's log, and who stands in the migration's way."""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from harness.events.observation import BlockerSeen, WaitSeen
from harness.model.clock import Clock
from harness.model.units import NS_PER_MS
from harness.model.words import Pass, Role
from harness.postgres.connect import Connection
from harness.rehearsal.observer.queries import text
from harness.rehearsal.observer.sessions import Sessions
from harness.rehearsal.observer.statement_text import query_text
from harness.rehearsal.observer.wall_clock import WallClock

TOLD_NS = 20 * NS_PER_MS
"""A wait that polling saw for less is not told: the log has it to a millisecond, and a busy table has thousands."""

ASK_AFTER_NS = 30 * NS_PER_MS
"""The migration's wait is asked about once it has lasted this long: most waits of a busy table are over by then."""

ASK_EVERY_NS = 500 * NS_PER_MS
"""pg_blocking_pids stops all lock traffic for a moment (manual, section 9.27): seldom, and only for the migration."""


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row of pg_locks that is not granted; `start_us` is waitstart, None in the moment before it is set."""

    pid: int
    mode: str
    target: str
    start_us: int | None


@dataclass(slots=True)
class _Sighting:
    row: WaitingRow
    seen_ns: int
    polls: int = 0


class WaitSightings:
    """Joins the rows of each poll into waits; `poll` and `finish` give those that are over."""

    def __init__(self, *, pass_: Pass, wall: WallClock, sessions: Sessions) -> None:
        self._pass = pass_
        self._wall = wall
        self._sessions = sessions
        self._open: dict[int, _Sighting] = {}

    def poll(self, rows: Iterable[WaitingRow], *, asked_ns: int) -> list[WaitSeen]:
        """Take in one poll, sent at `asked_ns`: what it shows was waiting then or later."""
        now = {row.pid: row for row in rows if row.start_us is not None}
        ended = []
        for pid, known in list(self._open.items()):
            if now.get(pid) != known.row:
                ended += self._told(self._open.pop(pid))
        for pid, row in now.items():
            if pid not in self._open:
                self._open[pid] = _Sighting(row, asked_ns)
            known = self._open[pid]
            known.seen_ns = asked_ns
            known.polls += 1
        return ended

    def finish(self) -> list[WaitSeen]:
        """The waits that the last poll showed; none is open afterwards."""
        told = [seen for sighting in self._open.values() for seen in self._told(sighting)]
        self._open.clear()
        return told

    def _told(self, sighting: _Sighting) -> list[WaitSeen]:
        row = sighting.row
        start = self._wall.to_run((row.start_us or 0) * 1000)
        role = self._sessions.role_of(row.pid) or Role.OTHER
        if sighting.seen_ns - start.at_ns < TOLD_NS or role is Role.OBSERVER:
            return []
        return [
            WaitSeen(
                at_ns=sighting.seen_ns,
                pass_=self._pass,
                pid=row.pid,
                role=role,
                mode=row.mode,
                target=row.target,
                start_ns=start.at_ns,
                seen_ns=sighting.seen_ns,
                error_ns=start.error_ns,
                polls=sighting.polls,
            )
        ]


class Blockers:
    """Asks who stands before a waiting session of the migration: each of its waits early on, long ones again."""

    def __init__(self, *, pass_: Pass, clock: Clock, wall: WallClock, sessions: Sessions) -> None:
        self._pass = pass_
        self._clock = clock
        self._wall = wall
        self._sessions = sessions
        self._asked: dict[tuple[int, int], int] = {}
        self._told: set[tuple[int, int, int]] = set()

    def due(self, rows: Iterable[WaitingRow], *, asked_ns: int) -> list[WaitingRow]:
        """The waits of the migration that are to be asked about now."""
        return [row for row in rows if self._is_due(row, asked_ns)]

    def ask(self, connection: Connection, row: WaitingRow) -> list[BlockerSeen]:
        """The sessions in the way that were not told yet for this wait; empty where the server could not say."""
        now = self._clock.now_ns()
        self._asked[row.pid, row.start_us or 0] = now
        try:
            found = connection.execute(text("blockers"), {"pid": row.pid}, prepare=True).fetchall()
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            return []
        new = [blocker for blocker in found if (row.pid, row.start_us or 0, blocker[0]) not in self._told]
        self._told.update((row.pid, row.start_us or 0, blocker[0]) for blocker in new)
        return [self._event(row, blocker, at_ns=now) for blocker in new]

    def _is_due(self, row: WaitingRow, asked_ns: int) -> bool:
        if row.start_us is None or self._sessions.role_of(row.pid) is not Role.MIGRATION:
            return False
        last = self._asked.get((row.pid, row.start_us))
        if last is not None:
            return asked_ns - last >= ASK_EVERY_NS
        return asked_ns - self._wall.to_run(row.start_us * 1000).at_ns >= ASK_AFTER_NS

    def _event(self, row: WaitingRow, blocker: tuple[object, ...], *, at_ns: int) -> BlockerSeen:
        pid, state, query, since_us, modes = blocker
        return BlockerSeen(
            at_ns=at_ns,
            pass_=self._pass,
            blocked=row.pid,
            pid=int(str(pid)),
            role=self._sessions.role_of(int(str(pid))) or Role.OTHER,
            modes=tuple(sorted(map(str, modes))) if isinstance(modes, list) else (),
            state=str(state),
            query=query_text(str(query)),
            transaction_start_ns=self._wall.to_run(since_us * 1000).at_ns if isinstance(since_us, int) else None,
        )
