"""Lock waits from log entries: when each began, how long it lasted, how it ended, behind whom."""

import msgspec
from msgspec.structs import replace

from harness.model.units import NS_PER_MS
from harness.postgres.log_lines import LogLine
from harness.rehearsal.observer.lock_messages import (
    LockMessage,
    LockNews,
    LockTarget,
    parse_lock_message,
    parse_row_context,
)
from harness.rehearsal.observer.statement_text import query_text

TIMESTAMP_RESOLUTION_NS = NS_PER_MS
"""Log entries carry whole milliseconds, cut down (elog.c): the truth is up to 1 ms later."""

_FATAL_FOR_ALL = (
    "starting PostgreSQL",
    "all server processes terminated",
    "received immediate shutdown request",
)
"""A postmaster's messages after which no backend of before is left."""

_LOST_SESSION_CLASS = "57P"
"""SQLSTATEs 57P01..57P05 end the session, as FATAL or (crash of another backend) as WARNING."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One wait for a lock, on the server's wall clock.

    `waited_ns` is the server's own figure where it gave one (`exact`), else the difference. `start_ns` and `end_ns` are
    each off by `error_ns` at most. `row_relation` is the unqualified relation of a wait for another transaction's row.
    `query` is what the session ran, without literals.
    """

    pid: int
    application_name: str
    backend_type: str
    session: str
    mode: str
    target: LockTarget
    row_relation: str
    start_ns: int
    end_ns: int
    waited_ns: int
    error_ns: int
    exact: bool
    outcome: str
    holders: tuple[int, ...]
    queue: tuple[int, ...]
    query: str = ""


class WaitTracker:
    """Turns entries into waits: one open wait a backend, closed by what the log says next about it."""

    def __init__(self) -> None:
        self._open: dict[int, Wait] = {}

    @property
    def open(self) -> tuple[Wait, ...]:
        """The waits that go on, by start; their `end_ns` is the last time the log spoke of them."""
        return tuple(sorted(self._open.values(), key=lambda wait: wait.start_ns))

    def observe(self, line: LogLine) -> list[Wait]:
        """The waits that `line` ends."""
        message = parse_lock_message(line.message, detail=line.detail)
        if message is not None:
            return self._told(message, line)
        if line.backend_type == "postmaster" and line.message.startswith(_FATAL_FOR_ALL):
            return [self._close(pid, line.wall_ns, "cancelled") for pid in list(self._open)]
        wait = self._open.get(line.pid)
        if wait is None:
            return []
        if wait.session != line.session:
            return [self._lost(wait, until_ns=line.wall_ns)]
        if line.severity in ("ERROR", "FATAL", "PANIC") or line.sqlstate.startswith(_LOST_SESSION_CLASS):
            return [self._close(line.pid, line.wall_ns, "deadlock" if line.sqlstate == "40P01" else "cancelled")]
        if line.message.startswith("duration: "):
            # The statement is over and nothing said how the wait ended: its error was caught in PL/pgSQL.
            return [self._lost(wait, until_ns=line.wall_ns)]
        return []

    def gave_up(self, pid: int, *, last_seen_ns: int, error_ns: int) -> Wait | None:
        """The wait of `pid`, which pg_locks showed for the last time at `last_seen_ns` ± `error_ns`, as cancelled.

        For waits that end without a word: their error was caught in PL/pgSQL. None where the log knows of no wait.
        """
        wait = self._open.pop(pid, None)
        if wait is None:
            return None
        end = max(last_seen_ns, wait.end_ns)
        return _ended(wait, end, "cancelled", max(error_ns, wait.error_ns))

    def finish(self, *, wall_ns: int) -> list[Wait]:
        """The waits still going on at `wall_ns`, as `waiting`; none is open afterwards."""
        waits = [_ended(wait, max(wall_ns, wait.end_ns), "waiting", wait.error_ns) for wait in self.open]
        self._open.clear()
        return waits

    def _told(self, message: LockMessage, line: LogLine) -> list[Wait]:
        # The figure is taken just before the entry is written: the entry's time can only be late, never early.
        start = line.wall_ns - message.waited_ns + TIMESTAMP_RESOLUTION_NS // 2
        ended = []
        wait = self._open.get(message.pid)
        if wait is not None and not _continues(wait, message, line, start):
            ended.append(self._lost(wait, until_ns=max(start, wait.end_ns)))
            wait = None
        if wait is None:
            wait = _begin(message, line, start)
        wait = replace(
            wait,
            start_ns=min(wait.start_ns, start),
            end_ns=line.wall_ns,
            holders=wait.holders or message.holders,
            queue=wait.queue or message.queue,
        )
        if message.news in (LockNews.WAITING, LockNews.REARRANGED):
            self._open[message.pid] = wait
            return ended
        self._open.pop(message.pid, None)
        outcome = "acquired" if message.news is LockNews.ACQUIRED else "deadlock"
        exact = replace(
            wait, end_ns=wait.start_ns + message.waited_ns, waited_ns=message.waited_ns, exact=True, outcome=outcome
        )
        return [*ended, exact]

    def _close(self, pid: int, wall_ns: int, outcome: str) -> Wait:
        wait = self._open.pop(pid)
        return _ended(wait, wall_ns + TIMESTAMP_RESOLUTION_NS // 2, outcome, TIMESTAMP_RESOLUTION_NS)

    def _lost(self, wait: Wait, *, until_ns: int) -> Wait:
        # It ended somewhere between the last word about it and `until_ns`.
        del self._open[wait.pid]
        half = (until_ns - wait.end_ns) // 2
        return _ended(wait, wait.end_ns + half, "cancelled", half + TIMESTAMP_RESOLUTION_NS)


def _begin(message: LockMessage, line: LogLine, start_ns: int) -> Wait:
    return Wait(
        pid=message.pid,
        application_name=line.application_name,
        backend_type=line.backend_type,
        session=line.session,
        mode=message.mode,
        target=message.target,
        row_relation=parse_row_context(line.context),
        start_ns=start_ns,
        end_ns=line.wall_ns,
        waited_ns=message.waited_ns,
        error_ns=TIMESTAMP_RESOLUTION_NS,
        exact=False,
        outcome="waiting",
        holders=message.holders,
        queue=message.queue,
        query=query_text(line.statement) if line.statement else "",
    )


def _continues(wait: Wait, message: LockMessage, line: LogLine, start_ns: int) -> bool:
    if (wait.session, wait.mode, wait.target) != (line.session, message.mode, message.target):
        return False
    # The end of a wait is only told after the wait itself was; a wait told anew may be a later one for the same thing.
    return message.news not in (LockNews.WAITING, LockNews.REARRANGED) or start_ns < wait.end_ns


def _ended(wait: Wait, end_ns: int, outcome: str, error_ns: int) -> Wait:
    return replace(wait, end_ns=end_ns, waited_ns=end_ns - wait.start_ns, error_ns=error_ns, outcome=outcome)
