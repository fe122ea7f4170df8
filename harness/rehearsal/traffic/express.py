"""The short way from an answer to the next statement, for what nearly every answer is: the one good result of a
prepared statement whose rows nobody wants.

It does what `Session.receive`, the interpreter and the loop do together, without their calls, which cost as much as the
network does: at tens of thousands of operations a second they would take the processor from the server. Whatever is
not usual is left to them, with what was read so far.
"""

import time
from collections import deque
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import pq

from harness.rehearsal.traffic.actor import Actor, BoundSession, CompiledOperation
from harness.rehearsal.traffic.instructions import Done, Execute
from harness.rehearsal.traffic.interpreter import Interpreter
from harness.rehearsal.traffic.recorder import Recorder
from harness.rehearsal.traffic.session import IDLE
from harness.rehearsal.traffic.timetable import Arriving
from harness.rehearsal.traffic.watch import Watch
from harness.spec.pgbench.values import ExpressionError

_GOOD: Final = frozenset(map(int, (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)))
_monotonic_ns: Final = time.monotonic_ns


class Express:
    """Goes on with actors that have a connection of their own; `waiting` and `free` are the loop's."""

    def __init__(
        self,
        *,
        operations: Mapping[int, CompiledOperation],
        interpreter: Interpreter,
        watch: Watch,
        recorder: Recorder,
        waiting: deque[Arriving],
        free: deque[Actor],
        patience_ns: int,
        origin_ns: int,
    ) -> None:
        self._operations = operations
        self._watch = watch
        self._advance = interpreter.advance
        self._record = recorder.add
        self._waiting = waiting
        self._free = free
        self._patience_ns = patience_ns
        self._origin_ns = origin_ns

    def answered(self, session: BoundSession) -> bool:
        """Something can be read from `session`: take it and go on; False leaves it, whole, to the long way."""
        actor = session.serves
        if actor is None or not actor.awaits or session.piped is not None or session.results:
            return False
        try:
            session.consume()
        except psycopg.OperationalError:
            return False
        if session.is_busy():
            return True
        result = session.get_result()
        if result is None:
            return False
        step = actor.code[actor.at]
        usual = type(step) is Execute and step.plain and actor.preparing is None and actor.written is None
        if not usual or result.status not in _GOOD or session.is_busy():
            session.results.append(result)
            return False
        further = session.get_result()
        if further is not None:
            session.results += (result, further)
            return False
        actor.at = at = actor.at + 1
        following = actor.code[at]
        if type(following) is Execute:
            name = session.prepared.get(following.key)
            if name is not None and self._sent(actor, session, following, name):
                return True
        elif type(following) is Done and session.pgconn.transaction_status == IDLE:
            self._next(actor)
            return True
        actor.awaits = False
        self._advance(actor)
        return True

    def _sent(self, actor: Actor, session: BoundSession, statement: Execute, name: bytes) -> bool:
        """Send the next statement of the transaction; False where something is wrong: the long way finds out what."""
        try:
            session.send_prepared(name, statement.bind(actor.variables))
            session.wants_write = session.flush_out() != 0
        except (ExpressionError, psycopg.OperationalError):
            return False
        actor.statement = statement.index
        if session.wants_write:
            self._watch.as_session_wants(session)
        return True

    def _next(self, actor: Actor) -> None:
        """The operation went well: write its record; whoever waits has the connection from this moment."""
        now = _monotonic_ns() - self._origin_ns
        operation = actor.operation
        if operation is None:
            raise LookupError("an actor that waits for an answer runs an operation")
        self._record(
            (
                actor.due_ns,
                actor.checkout_ns,
                actor.start_ns,
                now,
                operation.index,
                actor.served_by,
                actor.version,
                0,
                0,
                actor.attempts,
                actor.absorbed,
            )
        )
        actor.turn += 1
        waiting = self._waiting
        if not waiting or waiting[0][0] + self._patience_ns <= now:
            actor.operation = None
            self._free.append(actor)
            return
        actor.due_ns, index, actor.version = waiting.popleft()
        operation = actor.begin(self._operations[index])
        actor.waited = True
        actor.checkout_ns = now
        actor.start_ns = _monotonic_ns() - self._origin_ns
        self._advance(actor)
