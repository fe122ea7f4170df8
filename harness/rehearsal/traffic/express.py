"""The short way from an answer to the next statement, for what nearly every answer is: the one good result of a
prepared statement whose rows nobody wants.

It does what `Session.receive`, the interpreter and the loop do together, without their calls, which cost as much as the
network does: at tens of thousands of operations a second they would take the processor from the server. Whatever is
not usual is left to them, with what was read so far. Where an actor is, is noted in its session (`swift`) alone, until
they need to know.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from harness.rehearsal.traffic.actor import Actor, BoundSession, CompiledOperation, Swift
from harness.rehearsal.traffic.interpreter import Interpreter
from harness.rehearsal.traffic.recorder import VERSION, Recorder
from harness.rehearsal.traffic.session import IDLE, ServerError
from harness.rehearsal.traffic.waiting import Waiting
from harness.rehearsal.traffic.watch import READABLE, Ready, Watch
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
        waiting: Waiting,
        free: deque[Actor],
        origin_ns: int,
    ) -> None:
        self._operations = operations
        self._watch = watch
        self._sessions = watch.sessions
        self._advance = interpreter.advance
        self._fail = interpreter.fail
        self._succeeded = recorder.succeeded
        self._take = waiting.take
        self._free = free
        self._origin_ns = origin_ns

    def answered(self, ready: Sequence[Ready]) -> list[Ready]:
        """Something can be read: take it and go on; those that are left, whole, to the long way are given back.

        First everything is read, then everything is sent: backends that are woken one after the other keep a processor
        busy, while one that fell idle in between would have to be woken by an interrupt, at the sender's expense.
        """
        sessions, others = self._sessions, []
        usual: list[tuple[BoundSession, Swift, int]] = []
        for descriptor, events in ready:
            session = sessions.get(descriptor)
            if session is None or (statement := session.swift) is None:
                others.append((descriptor, events))
                continue
            consume, is_busy, get_result = session.reads
            result = further = None
            try:
                consume()
                if is_busy():
                    continue
                result = get_result()
                is_usual = (
                    result is not None
                    and events == READABLE
                    and result.status in _GOOD
                    and not is_busy()
                    and (further := get_result()) is None
                )
            except psycopg.OperationalError:
                is_usual = False  # the long way meets it again, and finds the server's last words
            if not is_usual:
                self._leave(session, statement, result, further)
                others.append((descriptor, events))
                continue
            usual.append((session, statement, _monotonic_ns()))
        for session, statement, at_ns in usual:
            following = statement.then or self._ended(session, statement, at_ns - self._origin_ns)
            if following is not None:
                self._send(session, following)
        return others

    def _ended(self, session: BoundSession, statement: Swift, now: int) -> Swift | None:
        """The last statement went well at `now`: write the record; whoever waits has the connection from then on.

        Gives the first statement of theirs, if it is for `_send`.
        """
        actor = session.serves
        if actor is None or (operation := actor.operation) is None:
            raise LookupError("a session that waits for an answer serves an actor that runs an operation")
        if not statement.last or actor.attempts != 1 or session.pgconn.transaction_status != IDLE:
            self._go_on(actor, session, statement, at=statement.at + 1)
            return None
        what = operation.what + session.what
        if actor.version:
            what += actor.version << VERSION
        self._succeeded(actor.due_ns, actor.checkout_ns, actor.start_ns, now, what)
        actor.turn += 1
        # Where another is free, none that is due has waited: the loop gives it the one that is free for longest.
        arriving = None if self._free else self._take(now)
        if arriving is None:
            session.swift = actor.operation = None
            actor.freed_ns = now
            self._free.append(actor)
            return None
        actor.due_ns, index, actor.version = arriving
        actor.checkout_ns = now
        actor.start_ns = _monotonic_ns() - self._origin_ns
        actor.waited = True
        return self._begin(actor, session, self._operations[index])

    def start(self, actor: Actor, session: BoundSession, operation: CompiledOperation) -> int:
        """Begin `operation` on a connection that is idle; gives the instant just before its first statement."""
        actor.start_ns = start_ns = _monotonic_ns() - self._origin_ns
        first = self._begin(actor, session, operation)
        if first is not None:
            self._send(session, first)
        return start_ns

    def _begin(self, actor: Actor, session: BoundSession, operation: CompiledOperation) -> Swift | None:
        """Take up `operation`; gives its first statement, if it is for `_send`."""
        first = operation.first
        if first is None:
            actor.begin(operation)
            session.swift = None
            self._advance(actor)
            return None
        if not actor.untouched:
            actor.begin(operation)
            actor.untouched = True
        else:
            actor.operation, actor.code = operation, operation.code
            if operation.draws:
                operation.draw(actor.variables, actor.client.random)
        if operation.ranges:
            variables, random = actor.variables, actor.client.random.random
            for name, low, width in operation.ranges:
                variables[name] = low + int(random() * width)
        elif operation.opening:
            variables, client = actor.variables, actor.client
            try:
                for name, value in operation.opening:
                    variables[name] = value(client)
            except ExpressionError as error:
                session.swift = None
                actor.untouched = False
                self._fail(actor, ServerError(error.sqlstate, str(error)))
                return None
        return first

    def _send(self, session: BoundSession, statement: Swift) -> None:
        """Send the statement; where it is not that simple, or something is wrong, the long way finds out."""
        actor = session.serves
        if actor is None:
            raise LookupError("a session that sends serves an actor")
        name = session.prepared.get(statement.key)
        if name is not None and statement.plain:
            try:
                send, flush_out = session.writes
                send(name, statement.bind(actor.variables))
                session.swift = statement
                if flush_out():
                    session.wants_write = True
                    self._watch.as_session_wants(session)
            except (ExpressionError, psycopg.OperationalError):
                pass
            else:
                return
        self._go_on(actor, session, statement, at=statement.at)

    def _leave(self, session: BoundSession, statement: Swift, *results: PGresult | None) -> None:
        """To the long way: note what was read, and where the actor is."""
        session.swift = None
        session.results += [result for result in results if result is not None]
        actor = session.serves
        if actor is not None:
            actor.at, actor.statement, actor.awaits = statement.at, statement.index, True
            actor.untouched = False

    def _go_on(self, actor: Actor, session: BoundSession, statement: Swift, *, at: int) -> None:
        """To the interpreter, with nothing outstanding."""
        self._leave(session, statement)
        actor.at, actor.awaits = at, False
        self._advance(actor)
