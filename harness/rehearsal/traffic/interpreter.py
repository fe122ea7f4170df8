"""Runs the code of operations: on until an actor has to wait, then again with what it waited for."""

from collections.abc import Callable
from typing import Final

import psycopg

from harness.rehearsal.traffic.actor import Actor, Answer, BoundSession, Instruction
from harness.rehearsal.traffic.compiled import ROLL_BACK
from harness.rehearsal.traffic.instructions import DONE, SLEEP, WAIT, Execute, FailedError
from harness.rehearsal.traffic.session import CONNECTION_FAILURE, ServerError
from harness.rehearsal.traffic.watch import Timers, Watch
from harness.spec.pgbench.values import ExpressionError

_LONGEST_DOUBLING: Final = 20  # doublings of a back-off: a million times the first one, longer than any run


def note_swift(actor: Actor, sent: Instruction) -> None:
    """Where what was sent is a prepared statement whose rows nobody wants, `express.py` can take the answer."""
    session = actor.session
    if session is None or session.piped is not None or actor.preparing is not None or actor.written is not None:
        return
    if type(sent) is Execute and sent.prepares and sent.plain:
        session.swift = sent


class Interpreter:
    """Moves actors on; `on_done` gets each one whose operation is over, `on_unbound` one that needs a connection.

    `lends`: after each transaction the connection is given back by `on_idle` (transaction pooling). `on_retry` gets an
    actor whose operation is run again after a pause, `on_absorbed` the error that this makes good.
    """

    def __init__(
        self,
        watch: Watch,
        timers: Timers,
        *,
        now_ns: Callable[[], int],
        lends: bool,
        on_done: Callable[[Actor], None],
        on_unbound: Callable[[Actor], None],
        on_idle: Callable[[BoundSession], None],
        on_retry: Callable[[Actor], None],
        on_absorbed: Callable[[Actor, ServerError], None],
    ) -> None:
        self.absorbed = 0
        """Errors that a retry followed."""
        self._watch = watch
        self._timers = timers
        self._now_ns = now_ns
        self._lends = lends
        self._on_done = on_done
        self._on_unbound = on_unbound
        self._on_idle = on_idle
        self._on_retry = on_retry
        self._on_absorbed = on_absorbed

    def advance(self, actor: Actor, results: Answer | None = None) -> None:
        """Take what the actor waited for, if it did; go on until it waits again or is done."""
        code, at = actor.code, actor.at
        try:
            if results is not None:
                actor.awaits = False
                then = code[at].answered(actor, results)
                if self._lends and then != at:
                    self._lend(actor)
                at = then
            while (step := code[at].run(actor)) >= 0:
                at = step
        except FailedError as failed:
            self.fail(actor, failed.error, again=failed.again)
            return
        except ExpressionError as error:
            self.fail(actor, ServerError(error.sqlstate, str(error)))
            return
        except psycopg.OperationalError:
            self.fail(actor, ServerError(CONNECTION_FAILURE, "the connection was lost"))
            return
        actor.at = at
        if step == WAIT:
            actor.awaits = True
            session = actor.session
            if session is not None and session.wants_write is not session.writing:
                self._watch.as_session_wants(session)
            if not self._lends:
                note_swift(actor, code[at])
        elif step == DONE:
            self._ended(actor)
        elif step == SLEEP:
            actor.at = at + 1
            self._sleep(actor, actor.wake_after_ns)
        else:
            self._on_unbound(actor)

    def fail(self, actor: Actor, error: ServerError, *, again: bool = False) -> None:
        """Roll back what is open; then the operation is over, or is run again."""
        if actor.failure is None:  # else it happened while rolling back, and the first error is the one that counts
            statement = actor.statement
            actor.restart(ROLL_BACK)
            actor.statement, actor.failure, actor.again = statement, error, again
            self.advance(actor)
        else:
            self._ended(actor)

    def _lend(self, actor: Actor) -> None:
        session = actor.session
        if session is not None and session.piped is None and session.idle:
            actor.session = session.serves = None
            self._on_idle(session)

    def _ended(self, actor: Actor) -> None:
        operation, failure = actor.operation, actor.failure
        if failure is None or operation is None:
            self._on_done(actor)
        elif actor.again:
            actor.restart(operation.code)
            self._sleep(actor, 0)
        elif operation.retry and failure.sqlstate in operation.retry.on and actor.attempts < operation.retry.attempts:
            self.absorbed += 1
            self._on_absorbed(actor, failure)
            actor.absorbed = failure.sqlstate.encode()
            pause = operation.retry.backoff_ns << min(actor.attempts - 1, _LONGEST_DOUBLING)
            actor.attempts += 1
            if actor.random_state is not None:
                actor.client.random.setstate(actor.random_state)
            actor.restart(operation.code)
            self._on_retry(actor)
            self._sleep(actor, pause)
        else:
            self._on_done(actor)

    def _sleep(self, actor: Actor, duration_ns: int) -> None:
        turn = actor.turn

        def wake() -> None:
            if actor.turn == turn:
                self.advance(actor)

        self._timers.add(self._now_ns() + duration_ns, wake)
