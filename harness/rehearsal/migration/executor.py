"""Statements and transactions of one session as events."""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import structs

from harness.events.codec import AnyEvent
from harness.events.migration import StatementEnded, StatementStarted, TransactionEnded
from harness.model.clock import Clock
from harness.model.redaction import redact_message
from harness.model.words import Direction, Pass
from harness.rehearsal.migration.hook import StatementHook
from harness.rehearsal.migration.residue import Standing, left_behind, standing
from harness.rehearsal.migration.session import MigrationSession, Result
from harness.rehearsal.migration.statement import Control, Statement

Sink = Callable[[AnyEvent], None]
"""Takes each event as it happens; called in the runner's thread, expected to return at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement is executed: its step, the attempt, and what stood before the step began."""

    direction: Direction
    step: str
    attempt: int
    before: Standing


@dataclass(slots=True, kw_only=True)
class Executor:
    """Sends statements and says what happened; the transaction counter runs through a pass."""

    session: MigrationSession
    pass_: Pass
    clock: Clock
    sink: Sink
    hook: StatementHook
    round_trip_ns: int = 0
    _transaction: int = field(default=0)
    _last: StatementStarted | None = field(default=None)

    def begin(self) -> Result:
        """Open a transaction."""
        self._transaction += 1
        self.hook.began()
        return self.session.send("BEGIN")

    def end(self, text: str, *, direction: Direction) -> Result:
        """End the open transaction with `text`, COMMIT or ROLLBACK in any form; its locks are gone afterwards."""
        start = self.clock.now_ns()
        result = self.session.send(text)
        now = self.clock.now_ns()
        committed = not result.sqlstate and not result.tag.startswith("ROLLBACK")
        if result.sqlstate and self._last is not None:
            self._tell_failed_end(self._last, result, text=text, span=(start, now))
        self._ended(now, direction=direction, committed=committed, error_ns=now - start, sent_ns=start)
        if self.session.in_transaction and not result.sqlstate:
            # AND CHAIN: the next transaction is open already.
            self._transaction += 1
            self.hook.began()
        self.session.learn_timeouts()
        return result

    def control(self, statement: Statement, *, place: Place) -> Result:
        """Execute the script's own transaction control. A second BEGIN is a warning of the server's, as anywhere."""
        if statement.control is Control.BEGIN and not self.session.in_transaction:
            self._transaction += 1
            self.hook.began()
            return self.session.send(statement.text)
        if statement.control is Control.END and self.session.in_transaction:
            return self.end(statement.text, direction=place.direction)
        return self.session.send(statement.text)

    def execute(self, statement: Statement, *, place: Place) -> Result:
        """Execute one numbered statement; when it fails, its transaction has been rolled back on return."""
        outside = not self.session.in_transaction
        if outside:
            self._transaction += 1
            self.hook.began()
        wrap = outside and self.hook.wraps(statement)
        if wrap:
            self.session.send("BEGIN")
        inside = self.session.in_transaction
        self.hook.before(statement, in_transaction=inside)
        replay = self.session.sent_in_transaction
        self._last = self._started(statement, place=place, autocommit=outside)
        self.sink(self._last)
        result = self.session.send(statement.text)
        ended_ns = self.clock.now_ns()
        self.hook.after(statement, direction=place.direction, in_transaction=inside, sqlstate=result.sqlstate)
        if wrap and not result.sqlstate:
            committed = self.session.send("COMMIT")
            result = committed if committed.sqlstate else result
        if result.sqlstate:
            self._failed(statement, result, place=place, ended_ns=ended_ns, replay=replay)
            return result
        self.sink(self._result(statement, result, place=place, at_ns=ended_ns))
        if outside:
            self._ended(ended_ns, direction=place.direction, committed=True, error_ns=self.round_trip_ns)
        if statement.sets:
            self.session.learn_timeouts()
        return result

    def _failed(
        self, statement: Statement, result: Result, *, place: Place, ended_ns: int, replay: tuple[str, ...]
    ) -> None:
        # The server released the locks when it reported the error; ROLLBACK only ends the failed state.
        if self.session.alive and self.session.in_transaction:
            self.session.send("ROLLBACK")
        left = left_behind(place.before, standing(self.session.connection)) if self.session.alive else ()
        self.sink(self._result(statement, result, place=place, at_ns=ended_ns, left=left))
        self._ended(ended_ns, direction=place.direction, committed=False, error_ns=self.round_trip_ns)
        self.session.learn_timeouts()
        if self.session.alive:
            self.hook.failed(statement, direction=place.direction, replay=replay)

    def _tell_failed_end(self, last: StatementStarted, result: Result, *, text: str, span: tuple[int, int]) -> None:
        """A COMMIT has no number; one that failed (a deferred constraint) is told as `c` of the statement before it."""
        name = f"{last.statement}c"
        started = structs.replace(
            last, at_ns=span[0], statement=name, sql=text, tag="COMMIT", fingerprint="", accepts=(), autocommit=False
        )
        self.sink(started)
        self.sink(
            StatementEnded(
                at_ns=span[1],
                pass_=self.pass_,
                direction=last.direction,
                statement=name,
                attempt=last.attempt,
                sqlstate=result.sqlstate,
                message=redact_message(result.message, sqlstate=result.sqlstate),
            )
        )

    def _started(self, statement: Statement, *, place: Place, autocommit: bool) -> StatementStarted:
        return StatementStarted(
            at_ns=self.clock.now_ns(),
            pass_=self.pass_,
            direction=place.direction,
            statement=statement.id,
            step=place.step,
            attempt=place.attempt,
            file=statement.file,
            line=statement.line,
            column=statement.column,
            sql=statement.text,
            tag=statement.tag,
            fingerprint=statement.fingerprint,
            transaction=self._transaction,
            autocommit=autocommit,
            pid=self.session.pid,
            lock_timeout_ms=self.session.lock_timeout_ms,
            statement_timeout_ms=self.session.statement_timeout_ms,
            accepts=statement.accepts,
            error_ns=self.round_trip_ns,
        )

    def _result(
        self, statement: Statement, result: Result, *, place: Place, at_ns: int, left: tuple[str, ...] = ()
    ) -> StatementEnded:
        return StatementEnded(
            at_ns=at_ns,
            pass_=self.pass_,
            direction=place.direction,
            statement=statement.id,
            attempt=place.attempt,
            sqlstate=result.sqlstate,
            message=redact_message(result.message, sqlstate=result.sqlstate),
            position=result.position,
            rows=result.rows,
            left_behind=left,
        )

    def _ended(
        self, at_ns: int, *, direction: Direction, committed: bool, error_ns: int, sent_ns: int | None = None
    ) -> None:
        self.sink(
            TransactionEnded(
                at_ns=at_ns,
                pass_=self.pass_,
                direction=direction,
                transaction=self._transaction,
                committed=committed,
                error_ns=error_ns,
                sent_ns=sent_ns,
            )
        )
