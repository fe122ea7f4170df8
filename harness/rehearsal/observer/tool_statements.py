"""The statements and transactions of a migration tool's sessions, from what the server logs of them.

Two settings make the server log them: `log_statement = all` (a start line each) and `log_min_duration_statement = 0`
(a duration line each). Either alone is understood; with the second alone the start of a failed statement is not known.
"""

import re
from dataclasses import dataclass, field

from harness.events.codec import AnyEvent
from harness.events.migration import StatementEnded, StatementStarted, TransactionEnded
from harness.model.redaction import redact_message
from harness.model.units import NS_PER_MS
from harness.model.words import Direction, Pass
from harness.postgres.log_lines import LogLine
from harness.rehearsal.observer.errors import SEVERITIES
from harness.rehearsal.observer.session_settings import SessionSettings
from harness.rehearsal.observer.statement_text import Control, Part, fingerprint, split_parts, without_data
from harness.rehearsal.observer.waits import TIMESTAMP_RESOLUTION_NS
from harness.rehearsal.observer.wall_clock import WallClock

_DURATION = re.compile(
    r"^duration: (?P<ms>\d+)\.(?P<us>\d{3}) ms"
    r"(?:  (?P<kind>statement|parse|bind|execute fetch from|execute)(?: [^:]*)?: (?P<sql>.*))?$",
    re.DOTALL,
)
_START = re.compile(r"^(?:statement|execute(?! fetch from) [^:]*): (?P<sql>.*)$", re.DOTALL)
_ID_LETTER = {Direction.UP: "S", Direction.DOWN: "R"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpan:
    """One statement of the tool on the run's clock; both ends are off by `error_ns` at most.

    `vxid` is its virtual transaction as in pg_locks, "" where the log does not tell it.
    """

    statement: str
    direction: Direction
    sql: str
    tag: str
    pid: int
    vxid: str
    start_ns: int
    end_ns: int
    error_ns: int


@dataclass(slots=True, kw_only=True)
class _Running:
    parts: tuple[Part, ...]
    statement: str
    sql: str
    tag: str
    vxid: str
    start_ns: int
    transaction: int


@dataclass(slots=True, kw_only=True)
class _Session:
    """One backend: the statement it runs, its explicit transaction, and when it was last heard of (wall clock)."""

    settings: SessionSettings
    running: _Running | None = None
    in_block: bool = False
    transaction: int = 0
    failed: bool = False
    heard_ns: int = 0
    prepared_ns: int | None = None
    direction: Direction = Direction.UP


@dataclass(slots=True)
class ToolStatements:
    """Turns the tool's log entries into events; the timeouts are its sessions' first ones, None where not known."""

    pass_: Pass
    wall: WallClock
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None
    spans: list[ToolSpan] = field(default_factory=list)
    _sessions: dict[tuple[int, str], _Session] = field(default_factory=dict)
    _numbers: dict[Direction, int] = field(default_factory=dict)
    _transactions: int = 0

    def observe(self, line: LogLine, *, direction: Direction) -> list[AnyEvent]:
        """The events that an entry of one of the tool's sessions makes, in order."""
        session = self._session(line, direction)
        heard, session.heard_ns = session.heard_ns, line.wall_ns
        if line.severity in SEVERITIES:
            return self._failed(session, line, heard_ns=heard)
        # RAISE LOG carries its statement and context; what the server itself logs of a statement does not.
        if line.severity != "LOG" or line.statement or line.context:
            return []
        if started := _START.match(line.message):
            start = session.prepared_ns if session.prepared_ns is not None else line.wall_ns
            return self._start(session, line, sql=started["sql"], wall_ns=start)
        if took := _DURATION.match(line.message):
            return self._took(session, line, took)
        return []

    def finish(self, *, at_ns: int) -> list[AnyEvent]:
        """What was still going on: statements without an end, and transactions that their sessions left open."""
        events: list[AnyEvent] = []
        for (pid, _), session in self._sessions.items():
            if session.running:
                events += self._end(
                    session, pid, end_ns=at_ns, sqlstate="08006", message="its session ended", position=0
                )
            if session.in_block:
                at = min(self.wall.to_run(session.heard_ns).at_ns, at_ns)
                events += self._transaction_ended(session, at_ns=at, error_ns=at_ns - at, committed=False)
        self._sessions.clear()
        return events

    def _session(self, line: LogLine, direction: Direction) -> _Session:
        key = line.pid, line.session
        if key not in self._sessions:
            settings = SessionSettings(self.lock_timeout_ms, self.statement_timeout_ms)
            self._sessions[key] = _Session(settings=settings, heard_ns=line.wall_ns)
        session = self._sessions[key]
        if session.running is None and not session.in_block:
            session.direction = direction
        return session

    def _took(self, session: _Session, line: LogLine, took: re.Match[str]) -> list[AnyEvent]:
        duration = int(took["ms"]) * NS_PER_MS + int(took["us"]) * 1000
        if took["kind"] in ("parse", "bind"):
            if session.prepared_ns is None:
                session.prepared_ns = line.wall_ns - duration
            return []
        if took["kind"] == "execute fetch from":
            return []
        if session.running is None:
            if took["sql"] is None:
                return []
            start = line.wall_ns - duration
            if session.prepared_ns is not None:
                start = min(start, session.prepared_ns)
            return [
                *self._start(session, line, sql=took["sql"], wall_ns=start),
                *self._end(session, line.pid, end_ns=self._run_ns(line.wall_ns)),
            ]
        return self._end(session, line.pid, end_ns=self._run_ns(line.wall_ns))

    def _failed(self, session: _Session, line: LogLine, *, heard_ns: int) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        if session.running is None:
            if not line.statement:
                return self._session_lost(session, line)
            start = session.prepared_ns if session.prepared_ns is not None else line.wall_ns
            unknown = start - heard_ns if session.prepared_ns is None else 0
            events += self._start(session, line, sql=line.statement, wall_ns=start, error_ns=max(unknown, 0))
        message = redact_message(line.message, sqlstate=line.sqlstate)
        end = self._run_ns(line.wall_ns)
        events += self._end(
            session, line.pid, end_ns=end, sqlstate=line.sqlstate, message=message, position=line.position
        )
        return events + (self._session_lost(session, line) if line.severity != "ERROR" else [])

    def _session_lost(self, session: _Session, line: LogLine) -> list[AnyEvent]:
        if line.severity == "ERROR" or not session.in_block:
            return []
        return self._transaction_ended(
            session, at_ns=self._run_ns(line.wall_ns), error_ns=self._error_ns(line.wall_ns), committed=False
        )

    def _start(self, session: _Session, line: LogLine, *, sql: str, wall_ns: int, error_ns: int = 0) -> list[AnyEvent]:
        parts = split_parts(sql)
        session.prepared_ns = None
        start = self._run_ns(wall_ns)
        work = [part for part in parts if part.control is None]
        if not work:
            session.running = _Running(
                parts=parts, statement="", sql="", tag="", vxid="", start_ns=start, transaction=0
            )
            return []
        number = self._numbers[session.direction] = self._numbers.get(session.direction, 0) + 1
        if not session.transaction:
            self._transactions += 1
            session.transaction = self._transactions
        session.running = _Running(
            parts=parts,
            statement=f"{_ID_LETTER[session.direction]}{number}",
            sql=without_data(sql),
            tag="; ".join(dict.fromkeys(part.tag for part in work)),
            # An entry outside any transaction has local id 0: "3/0".
            vxid=line.vxid if not line.vxid.endswith("/0") else "",
            start_ns=start,
            transaction=session.transaction,
        )
        return [self._started(session, session.running, line, sql=sql, error_ns=self._error_ns(wall_ns) + error_ns)]

    def _started(
        self, session: _Session, running: _Running, line: LogLine, *, sql: str, error_ns: int
    ) -> StatementStarted:
        lock_timeout, statement_timeout = session.settings.in_force(running.parts)
        return StatementStarted(
            at_ns=running.start_ns,
            pass_=self.pass_,
            direction=session.direction,
            statement=running.statement,
            step="",
            attempt=1,
            file="",
            line=0,
            column=0,
            sql=running.sql,
            tag=running.tag,
            fingerprint=fingerprint(sql),
            transaction=running.transaction,
            autocommit=len(running.parts) == 1 and not session.in_block,
            pid=line.pid,
            lock_timeout_ms=lock_timeout,
            statement_timeout_ms=statement_timeout,
            error_ns=error_ns,
        )

    def _end(
        self, session: _Session, pid: int, *, end_ns: int, sqlstate: str = "", message: str = "", position: int = 0
    ) -> list[AnyEvent]:
        running, session.running = session.running, None
        if running is None:
            return []
        end = max(end_ns, running.start_ns)
        error = self._error_ns(session.heard_ns)
        events: list[AnyEvent] = []
        if running.statement:
            events.append(
                StatementEnded(
                    at_ns=end,
                    pass_=self.pass_,
                    direction=session.direction,
                    statement=running.statement,
                    attempt=1,
                    sqlstate=sqlstate,
                    message=message,
                    position=position,
                )
            )
            span = ToolSpan(
                statement=running.statement,
                direction=session.direction,
                sql=running.sql,
                tag=running.tag,
                pid=pid,
                vxid=running.vxid,
                start_ns=running.start_ns,
                end_ns=end,
                error_ns=error,
            )
            self.spans.append(span)
        committed = self._apply_control(session, running.parts, failed=bool(sqlstate))
        if not session.in_block:
            events += self._transaction_ended(session, at_ns=end, error_ns=error, committed=committed)
        return events

    def _apply_control(self, session: _Session, parts: tuple[Part, ...], *, failed: bool) -> bool:
        """Follow the parts' transaction control; whether the last transaction they ended was committed."""
        if not failed:
            session.settings.apply(parts)
        committed = not (failed or session.failed)
        for part in parts:
            if part.control is Control.BEGIN:
                session.in_block = True
            elif part.control in (Control.COMMIT, Control.ROLLBACK) and not failed:
                committed = part.control is Control.COMMIT and not session.failed
                session.in_block = session.failed = False
                session.settings.transaction_ended()
            elif part.control is Control.ROLLBACK_TO and not failed:
                session.failed = False
        session.failed = session.in_block and (session.failed or failed)
        return committed

    def _transaction_ended(self, session: _Session, *, at_ns: int, error_ns: int, committed: bool) -> list[AnyEvent]:
        number, session.transaction = session.transaction, 0
        session.in_block = session.failed = False
        if not number:
            return []
        return [
            TransactionEnded(
                at_ns=at_ns,
                pass_=self.pass_,
                direction=session.direction,
                transaction=number,
                committed=committed,
                error_ns=error_ns,
            )
        ]

    def _run_ns(self, wall_ns: int) -> int:
        return self.wall.to_run(wall_ns + TIMESTAMP_RESOLUTION_NS // 2).at_ns

    def _error_ns(self, wall_ns: int) -> int:
        return self.wall.to_run(wall_ns).error_ns + TIMESTAMP_RESOLUTION_NS
