"""What log entries say, as events: lock waits, errors, and a tool's statements."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.events.codec import AnyEvent
from harness.events.observation import DdlLogged, DeadlockReported, DeadlockSide, LockWaited
from harness.events.run import QualityNoted
from harness.model.units import NS_PER_S
from harness.model.words import Pass, Role
from harness.postgres.log_lines import LogLine
from harness.rehearsal.observer.ddl_messages import parse_ddl
from harness.rehearsal.observer.deadlock_report import DEADLOCK, ReportedSide, parse_deadlock
from harness.rehearsal.observer.errors import error_event
from harness.rehearsal.observer.lock_messages import LockTarget, advisory_name, parse_row_context
from harness.rehearsal.observer.relations import Relations
from harness.rehearsal.observer.sessions import Sessions
from harness.rehearsal.observer.statement_text import query_text
from harness.rehearsal.observer.tool_statements import ToolStatements
from harness.rehearsal.observer.waits import TIMESTAMP_RESOLUTION_NS, Wait, WaitTracker
from harness.rehearsal.observer.wall_clock import WallClock
from harness.rehearsal.observer.windows import Windows

# An entry reaches the file within milliseconds; a wait that pg_locks has not shown for this long ended without a word.
_SILENCE_NS = NS_PER_S


@dataclass(slots=True, kw_only=True)
class LogWitness:
    """Turns entries into events, in the order of the log.

    `look_up` makes an OID known to `relations`, `look_round` makes every backend that there is known to `sessions`.
    """

    pass_: Pass
    database_oid: int
    wall: WallClock
    sessions: Sessions
    relations: Relations
    windows: Windows
    tools: ToolStatements
    look_up: Callable[[int], None]
    look_round: Callable[[], object]
    migration_waits: list[LockWaited] = field(default_factory=list)
    _tracker: WaitTracker = field(default_factory=WaitTracker)

    def take(self, line: LogLine) -> list[AnyEvent]:
        """The events that an entry makes."""
        role = self.sessions.role_in_log(
            line.pid, application_name=line.application_name, backend_type=line.backend_type
        )
        events: list[AnyEvent] = [event for wait in self._tracker.observe(line) for event in self._waited(wait)]
        if role is Role.OBSERVER:
            return events
        at = self.wall.to_run(line.wall_ns + TIMESTAMP_RESOLUTION_NS // 2).at_ns
        if (ddl := self._ddl(line, role, at_ns=at)) is not None:
            return [*events, *ddl]
        error = error_event(line, pass_=self.pass_, role=role, at_ns=at)
        if error is not None:
            events.append(error)
            events += self._deadlock(line, at_ns=at)
        if role is Role.MIGRATION and (direction := self.windows.tool_at(at)) is not None:
            events += self.tools.observe(line, direction=direction)
        return events

    def end_silent_waits(self, last_waiting: dict[int, int], *, last_poll_ns: int, error_ns: int) -> list[AnyEvent]:
        """The waits that pg_locks no longer shows and the log says nothing of: their error was caught by the caller.

        `last_waiting` is when each pid was last seen waiting, on the run's clock; `error_ns` is the time between polls.
        """
        events: list[AnyEvent] = []
        for wait in self._tracker.open:
            told = self.wall.to_run(wait.end_ns).at_ns
            seen = max(last_waiting.get(wait.pid, told), told)
            if last_poll_ns - seen < _SILENCE_NS:
                continue
            ended = self._tracker.gave_up(wait.pid, last_seen_ns=self.wall.to_wall(seen), error_ns=error_ns)
            events += self._waited(ended) if ended else []
        return events

    def finish(self, *, at_ns: int) -> list[AnyEvent]:
        """The waits and statements still going on."""
        waits = self._tracker.finish(wall_ns=self.wall.to_wall(at_ns))
        events: list[AnyEvent] = [event for wait in waits for event in self._waited(wait)]
        return events + self.tools.finish(at_ns=at_ns)

    def _waited(self, wait: Wait) -> list[LockWaited]:
        role = self.sessions.role_in_log(
            wait.pid, application_name=wait.application_name, backend_type=wait.backend_type
        )
        if role is Role.OBSERVER:
            return []
        start = self.wall.to_run(wait.start_ns)
        event = LockWaited(
            at_ns=start.at_ns + wait.waited_ns,
            pass_=self.pass_,
            pid=wait.pid,
            role=role,
            mode=wait.mode,
            target=wait.target.kind,
            relation=self._relation(wait),
            start_ns=start.at_ns,
            end_ns=start.at_ns + wait.waited_ns,
            waited_ns=wait.waited_ns,
            error_ns=start.error_ns + wait.error_ns,
            outcome=wait.outcome,
            holders=wait.holders,
            queue=wait.queue,
            query=wait.query,
        )
        if role is Role.MIGRATION:
            self.migration_waits.append(event)
        return [event]

    def _role(self, told: LogLine | Wait) -> Role:
        return self.sessions.role_in_log(
            told.pid, application_name=told.application_name, backend_type=told.backend_type
        )

    def _ddl(self, line: LogLine, role: Role, *, at_ns: int) -> list[AnyEvent] | None:
        """What an event trigger told; an unknown backend that defines something while a tool runs is the tool's."""
        said = parse_ddl(line.message) if line.severity == "LOG" else None
        if said is None:
            return None
        if role is Role.HARNESS or self.windows.tool_at(at_ns) is None:
            return []
        events: list[AnyEvent] = []
        if role is Role.OTHER:
            self.sessions.adopt(line.pid)
            name = line.application_name or "without a name"
            message = f"backend {line.pid} ({name}) was there before the tool and ran {said.tag}: taken for the tool's"
            events.append(
                QualityNoted(
                    at_ns=at_ns,
                    subject="migration tool's sessions",
                    message=message,
                    inconclusive=False,
                    remedy="its other statements are not in the log, which begins with a session",
                )
            )
        error = self.wall.to_run(line.wall_ns).error_ns + TIMESTAMP_RESOLUTION_NS
        events.append(
            DdlLogged(
                at_ns=at_ns, pass_=self.pass_, pid=line.pid, trigger=said.event, command=said.tag,
                objects=said.objects, error_ns=error,
            )
        )  # fmt: skip
        return events

    def _deadlock(self, line: LogLine, *, at_ns: int) -> list[AnyEvent]:
        """Both sides of a deadlock, from the detail of the victim's error; nothing for any other entry."""
        sides = parse_deadlock(line.detail) if line.sqlstate == DEADLOCK else ()
        if not sides:
            return []
        row = parse_row_context(line.context)
        told = [self._side(side, row_relation=row if side.pid == line.pid else "") for side in sides]
        return [DeadlockReported(at_ns=at_ns, pass_=self.pass_, pid=line.pid, sides=tuple(told))]

    def _side(self, side: ReportedSide, *, row_relation: str) -> DeadlockSide:
        if self.sessions.role_of(side.pid) is None:
            self.look_round()
        return DeadlockSide(
            pid=side.pid,
            role=self.sessions.role_of(side.pid) or Role.OTHER,
            mode=side.mode,
            target=side.target.kind,
            relation=self._named(side.target, row_relation=row_relation),
            blocked_by=side.blocked_by,
            query=query_text(side.query),
        )

    def _relation(self, wait: Wait) -> str:
        return self._named(wait.target, row_relation=wait.row_relation)

    def _named(self, target: LockTarget, *, row_relation: str) -> str:
        oid = target.relation
        if target.key:
            return advisory_name(target.key)
        if oid == 0:
            return self.relations.by_unqualified(row_relation) if row_relation else ""
        if target.database not in (0, self.database_oid):
            return f"oid {oid}"
        if self.relations.get(oid) is None:
            self.look_up(oid)
        return self.relations.name(oid)
