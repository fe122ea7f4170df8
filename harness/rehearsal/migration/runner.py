"""The plan executed on a server: steps in order, retried when a lock could not be had, both ways."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg

from harness.events.migration import StepEnded, StepStarted
from harness.model.clock import Clock
from harness.model.units import NS_PER_MS, NS_PER_S, parse_duration
from harness.model.words import Direction, Pass, Role
from harness.postgres.connect import CONNECT_TIMEOUT_S, connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.executor import Executor, Place, Sink
from harness.rehearsal.migration.hook import Ahead, NoHook, StatementHook, Upcoming, go_on
from harness.rehearsal.migration.plan import MigrationPlan, Script, Step
from harness.rehearsal.migration.policy import Mode, mode_of, together
from harness.rehearsal.migration.prisma import StateTable
from harness.rehearsal.migration.residue import standing
from harness.rehearsal.migration.session import MigrationSession, Result
from harness.rehearsal.migration.statement import Control
from harness.spec.scenario import MigrationSpec

# lock_not_available and deadlock_detected: nothing is wrong with the migration, it came at a bad moment.
_RETRYABLE = frozenset({"55P03", "40P01"})
_STATE_SESSION = f"{Role.MIGRATION.application_name} state"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How the way up or down went: the steps that were applied, and of the first failure step, SQLSTATE and message."""

    applied: tuple[str, ...]
    failed_step: str = ""
    sqlstate: str = ""
    message: str = ""
    cancelled: bool = False

    @property
    def ok(self) -> bool:
        """Whether every step was applied."""
        return not self.sqlstate and not self.cancelled


@dataclass(frozen=True, slots=True)
class _Failure:
    """A failed attempt, and the statement to go on from when it is retried."""

    result: Result
    resume_at: int


class SqlRunner:
    """Executes a plan of SQL scripts on a connection of its own, named `rehearse/migration`.

    The session is that of a plain client: settings changed by a step stay for the next one. `lock_timeout` of the
    scenario is set when it is not 0. A step that ran into lock_timeout or a deadlock is retried up to `retries` times,
    after `retry_delay`, twice as long each time: from the beginning of the transaction that failed, or, outside any,
    from the statement that failed, never repeating what is committed. Use as a context manager; `cancel` may be called
    from any thread.
    """

    def __init__(
        self,
        plan: MigrationPlan,
        *,
        spec: MigrationSpec,
        server: Server,
        pass_: Pass,
        clock: Clock,
        sink: Sink,
        hook: StatementHook | None = None,
        ahead: Ahead = go_on,
    ) -> None:
        self._plan = plan
        self._spec = spec
        self._server = server
        self._pass = pass_
        self._clock = clock
        self._sink = sink
        self._hook = hook or NoHook()
        self._ahead = ahead
        self._cancelled = threading.Event()
        self._executor: Executor | None = None
        self._state: StateTable | None = None
        self._left_open = False

    @property
    def session(self) -> MigrationSession:
        """The session that everything runs in."""
        return self._open.session

    def __enter__(self) -> Self:
        conninfo = self._server.conninfo(application_name=Role.MIGRATION.application_name)
        connection = psycopg.connect(
            conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, client_encoding="utf8"
        )
        timeout_ns = parse_duration(self._spec.lock_timeout)
        if timeout_ns:
            milliseconds = max(timeout_ns // NS_PER_MS, 1)
            connection.execute("SELECT set_config('lock_timeout', %s, false)", (str(milliseconds),))
        self._hook.attach(connection)
        session = MigrationSession(connection)
        self._executor = Executor(
            session=session,
            pass_=self._pass,
            clock=self._clock,
            sink=self._sink,
            hook=self._hook,
            round_trip_ns=session.round_trip_ns(now_ns=self._clock.now_ns),
        )
        if self._plan.tool == "prisma":
            self._state = StateTable(connect(self._server.conninfo(application_name=_STATE_SESSION)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._state is not None:
            self._state.close()
        if self._executor is not None:
            self._executor.session.connection.close()

    @property
    def pid(self) -> int:
        """The process id of the migration's backend."""
        return self._open.session.pid

    def cancel(self) -> None:
        """Stop: cancels the statement that runs, starts no other, retries nothing; from any thread."""
        self._cancelled.set()
        if self._executor is not None:
            self._executor.session.cancel()

    def run(self, direction: Direction, *, steps: Collection[str] | None = None) -> RunOutcome:
        """Apply the steps (all, or those named) up in order, or down in reverse; stops at the first that fails."""
        applied: list[str] = []
        for step in self._plan.ordered(direction, names=steps):
            script = step.up if direction is Direction.UP else step.down
            if script is None:
                continue
            result = self._apply(step, script, direction=direction)
            if self._cancelled.is_set() or result.sqlstate:
                return RunOutcome(
                    applied=tuple(applied),
                    failed_step=step.name,
                    sqlstate=result.sqlstate,
                    message=result.message,
                    cancelled=self._cancelled.is_set(),
                )
            applied.append(step.name)
        return RunOutcome(applied=tuple(applied))

    @property
    def _open(self) -> Executor:
        if self._executor is None:
            raise RuntimeError("the runner is a context manager: enter it first")
        return self._executor

    def _apply(self, step: Step, script: Script, *, direction: Direction) -> Result:
        if self._state is not None and direction is Direction.UP:
            self._state.begin(step)
        result = self._with_retries(step, script, direction=direction)
        if self._state is not None and not result.sqlstate and not self._cancelled.is_set():
            note = self._state.finish if direction is Direction.UP else self._state.forget
            note(step)
        return result

    def _with_retries(self, step: Step, script: Script, *, direction: Direction) -> Result:
        before = standing(self._open.session.connection)
        attempt, resume_at = 1, 0
        while True:
            place = Place(direction=direction, step=step.name, attempt=attempt, before=before)
            self._step_started(place)
            failure = self._attempt(script, place=place, resume_at=resume_at)
            if failure is None:
                self._step_ended(place, sqlstate="", will_retry=False, left_open=self._left_open)
                return Result()
            retry = failure.result.sqlstate in _RETRYABLE and attempt <= self._spec.retries
            retry = retry and not self._cancelled.is_set()
            self._step_ended(place, sqlstate=failure.result.sqlstate, will_retry=retry)
            if not retry:
                return failure.result
            self._pause(attempt)
            attempt, resume_at = attempt + 1, failure.resume_at

    def _attempt(self, script: Script, *, place: Place, resume_at: int) -> _Failure | None:
        """Run the statements from `resume_at` on; None is success."""
        executor, mode = self._open, mode_of(script, plan=self._plan)
        self._left_open = False
        began_at, explicit = resume_at, False
        for index in range(resume_at, len(script.statements)):
            if self._cancelled.is_set():
                break
            statement = script.statements[index]
            if not executor.session.in_transaction:
                began_at, explicit = index, False
                self._look_ahead(script, index=index, mode=mode, place=place)
                if self._cancelled.is_set():
                    break
                if mode is Mode.WRAPPED or (mode is Mode.IMPLICIT and statement.control is None):
                    executor.begin()
            if statement.control is not None:
                explicit = explicit or statement.control is Control.BEGIN
                result = executor.control(statement, place=place)
            else:
                result = executor.execute(statement, place=place)
            if result.sqlstate:
                self._leave_transaction(place)
                return _Failure(result, began_at)
        result = self._finish(mode, explicit=explicit, place=place)
        return _Failure(result, began_at) if result.sqlstate else None

    def _look_ahead(self, script: Script, *, index: int, mode: Mode, place: Place) -> None:
        """Let others get ready for what comes, while no transaction of ours is open."""
        statements = together(script, index=index, mode=mode)
        self._ahead(Upcoming(direction=place.direction, step=place.step, attempt=place.attempt, statements=statements))

    def _finish(self, mode: Mode, *, explicit: bool, place: Place) -> Result:
        """End what is still open after the last statement."""
        executor = self._open
        if not executor.session.in_transaction:
            return Result()
        keep = mode is not Mode.AS_WRITTEN and not explicit and not self._cancelled.is_set()
        self._left_open = not keep and not self._cancelled.is_set()
        return executor.end("COMMIT" if keep else "ROLLBACK", direction=place.direction)

    def _leave_transaction(self, place: Place) -> None:
        session = self._open.session
        if session.alive and session.in_transaction:
            self._open.end("ROLLBACK", direction=place.direction)

    def _pause(self, attempt: int) -> None:
        delay_ns = parse_duration(self._spec.retry_delay) << (attempt - 1)
        self._cancelled.wait(delay_ns / NS_PER_S)

    def _step_started(self, place: Place) -> None:
        self._sink(
            StepStarted(
                at_ns=self._clock.now_ns(),
                pass_=self._pass,
                direction=place.direction,
                step=place.step,
                attempt=place.attempt,
            )
        )

    def _step_ended(self, place: Place, *, sqlstate: str, will_retry: bool, left_open: bool = False) -> None:
        self._sink(
            StepEnded(
                at_ns=self._clock.now_ns(),
                pass_=self._pass,
                direction=place.direction,
                step=place.step,
                attempt=place.attempt,
                sqlstate=sqlstate,
                will_retry=will_retry,
                left_open=left_open,
            )
        )
