"""One antagonist: its connection, its agenda, its acts, and what is kept of them."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import make_conninfo

from harness.events.traffic import AntagonistActed
from harness.model.clock import RunClock
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.rehearsal.traffic.antagonists.act import Act, Leaving
from harness.rehearsal.traffic.antagonists.instants import instants, next_after
from harness.rehearsal.traffic.antagonists.kinds.deeds import DEEDS
from harness.rehearsal.traffic.antagonists.plan import Antagonist, Placed

_RECONNECT_NS = 500 * NS_PER_MS
_CANCEL_EVERY_S = 0.2
# What its own end, or the server's limit on its statements, did to an act is no failure of it.
_CANCELLED = "57014"

Told = Callable[[int, str], None]
"""Called when an aimed act is in place, with the instant and ""; or when it ended without, with its SQLSTATE."""


@dataclass(frozen=True, slots=True)
class _Due:
    at_ns: int
    aimed_at: str = ""


class AntagonistSession:
    """A thread with one connection; `begin`, `announce`, `aim` and `leave` may be called from another."""

    def __init__(self, antagonist: Antagonist, *, conninfo: str, clock: RunClock, told: Told) -> None:
        self._plan = antagonist
        self._clock = clock
        self._told = told
        self._deed = DEEDS[antagonist.kind]
        self._conninfo = make_conninfo(
            conninfo, application_name=f"{Role.ANTAGONIST.application_name} {antagonist.kind.value}"
        )
        self._conn = connect(self._conninfo)
        self._deed.prepare(self._conn, antagonist)
        self._leaving = Leaving()
        self._due: list[_Due] = []
        self._coming: Iterator[int] = iter(())
        self._acted: list[AntagonistActed] = []
        self._done = threading.Event()

    def begin(self, at_ns: int) -> None:
        """The baseline begins at `at_ns`."""
        self._coming = instants(self._plan, began_ns=at_ns)
        self._schedule(next(self._coming, None))

    def announce(self, at_ns: int) -> None:
        """A migration starts at `at_ns`."""
        if self._plan.placed is Placed.MIGRATION:
            self._schedule(at_ns - self._plan.before_ns)

    def aim(self, aimed_at: str) -> None:
        """Act now, before these statements."""
        self._schedule(self._clock.now_ns(), aimed_at=aimed_at)

    def tell_to_leave(self) -> None:
        """Stop acting; returns at once."""
        with self._leaving.changed:
            self._leaving.told = True
            self._leaving.changed.notify_all()

    def leave(self) -> list[AntagonistActed]:
        """Stop acting, cancel what is under way; what was done."""
        self.tell_to_leave()
        try:
            while not self._done.wait(_CANCEL_EVERY_S):
                self._conn.cancel_safe(timeout=1.0)
        except psycopg.Error:  # the server is gone: what was done until now is all there is
            self._done.wait(1.0)
        return self._acted

    def run(self) -> None:
        """The thread: wait for the next act, act, until told to leave."""
        try:
            while (due := self._next()) is not None:
                self._act(due)
                if not due.aimed_at:
                    self._schedule(next_after(self._coming, self._clock.now_ns()))
        finally:
            self._conn.close()
            self._done.set()

    def _schedule(self, at_ns: int | None, *, aimed_at: str = "") -> None:
        if at_ns is None:
            return
        with self._leaving.changed:
            self._due.append(_Due(at_ns, aimed_at))
            self._leaving.changed.notify_all()

    def _next(self) -> _Due | None:
        with self._leaving.changed:
            while not self._leaving.told:
                due = min(self._due, key=lambda d: d.at_ns, default=None)
                left_ns = None if due is None else due.at_ns - self._clock.now_ns()
                if due is not None and left_ns is not None and left_ns <= 0:
                    self._due.remove(due)
                    return due
                self._leaving.changed.wait(None if left_ns is None else left_ns / NS_PER_S)
        return None

    def _act(self, due: _Due) -> None:
        """One act, recorded; an error of the server ends it and is kept as its SQLSTATE."""
        start_ns, state = self._clock.now_ns(), ""
        act = self._prepared(due)
        try:
            if self._conn.closed:
                self._conn = act.conn = connect(self._conninfo)
            act.pid = self._conn.info.backend_pid
            self._deed.act(act)
        except psycopg.Error as error:
            state = error.sqlstate or "08006"
            self._give_up(act)
        if state == _CANCELLED and act.in_place_ns and act.over:
            state = ""
        if due.aimed_at and not act.in_place_ns:
            self._told(self._clock.now_ns(), state)
        self._keep(act, due, start_ns=start_ns, state=state)

    def _prepared(self, due: _Due) -> Act:
        return Act(
            plan=self._plan,
            conn=self._conn,
            conninfo=self._conninfo,
            clock=self._clock,
            leaving=self._leaving,
            tell=lambda at_ns: self._told(at_ns, "") if due.aimed_at else None,
        )

    def _keep(self, act: Act, due: _Due, *, start_ns: int, state: str) -> None:
        end_ns = self._clock.now_ns()
        self._acted.append(
            AntagonistActed(
                at_ns=end_ns,
                kind=self._plan.kind.value,
                table=self._plan.table,
                pid=act.pid,
                start_ns=start_ns,
                end_ns=end_ns,
                sqlstate=state,
                placement=self._plan.placed.value,
                aimed_at=due.aimed_at,
                in_place_ns=act.in_place_ns,
                detail=act.detail,
            )
        )

    def _give_up(self, act: Act) -> None:
        """Leave the failed transaction, or the connection where that fails too."""
        try:
            self._conn.rollback()
        except psycopg.Error:
            self._conn.close()
            act.pause(_RECONNECT_NS)
