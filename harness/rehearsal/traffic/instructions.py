"""What an operation is made of once it is compiled: instructions that send, wait, branch and end.

An instruction's `run` does it for an actor and gives the index of the next one, or WAIT, SLEEP, UNBOUND, DONE where the
actor has to wait; `answered` takes what it waited for and gives the next index. They never wait themselves.

Driver behaviour, where drivers differ: a statement is prepared at its first use on a connection and stays prepared,
also across the migration, so "cached plan must not change result type" (0A000) happens as in applications. The
operation that meets it fails; the statement is prepared anew at its next use on that connection, as ActiveRecord and
pgjdbc do (psycopg would go on failing until it reconnects). BEGIN and COMMIT are round trips of their own, unless the
operation is a pipeline; an error is answered by ROLLBACK.
"""

import math
from typing import Final

from harness.rehearsal.traffic.actor import Actor, Answer, BoundSession, Swift
from harness.rehearsal.traffic.capture import capture, rows_written
from harness.rehearsal.traffic.session import GOOD, IDLE, ServerError, error_of
from harness.rehearsal.traffic.statement import CompiledStatement, Render
from harness.spec.pgbench.evaluate import Evaluator
from harness.spec.pgbench.values import as_int, is_true

WAIT: Final = -1
"""The actor waits for the server's answer."""
SLEEP: Final = -2
"""The actor thinks for `wake_after_ns`."""
UNBOUND: Final = -3
"""The actor needs a server connection first; then the same instruction again."""
DONE: Final = -4
"""The operation, or its rolling back, is over."""

# The plan, or the name, of a prepared statement is no longer good: cached plan, invalid_sql_statement_name.
_PREPARE_AGAIN: Final = frozenset({"0A000", "26000"})
# The server refuses the RETURNING that the ledger added: undefined_column, feature_not_supported (views with rules),
# insufficient_privilege (RETURNING needs SELECT, and a row that the policies for SELECT let the role see).
_LEDGER_REFUSED: Final = frozenset({"42703", "0A000", "42501"})
LEFT_OPEN: Final = "25000"
"""The operation ended inside a transaction; PostgreSQL's own invalid_transaction_state."""


class FailedError(Exception):
    """The operation cannot go on; `again` where only what the harness added is to blame."""

    def __init__(self, error: ServerError, *, again: bool = False) -> None:
        super().__init__(error.sqlstate)
        self.error = error
        self.again = again


class _Silent:
    """An instruction that sends nothing."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at

    def answered(self, _actor: Actor, _results: Answer, /) -> int:
        """The end of the connection, or a notice: the next statement finds out."""
        return self.at


class Execute:
    """Send a statement by the extended protocol: prepared at its first use on the connection, or unnamed."""

    __slots__ = ("_next", "at", "bind", "index", "key", "last", "plain", "prepares", "statement", "then")

    def __init__(self, at: int, statement: CompiledStatement, *, prepares: bool) -> None:
        self.at = at
        self.statement = statement
        self._next = at + 1
        self.bind = statement.bind
        self.index = statement.index
        self.key = statement.key if prepares else b""
        self.plain = statement.followed is None and statement.capture is None and not statement.expects
        self.prepares = prepares
        self.then: Swift | None = None
        self.last = False

    def run(self, actor: Actor) -> int:
        """Bind and send; wait unless in a pipeline."""
        session, statement = actor.session, self.statement
        if session is None:
            return UNBOUND
        actor.statement, actor.tail = statement.index, statement.tail
        if not self.prepares:
            session.query_params(statement.sent, self.bind(actor.variables))
        else:
            name = session.prepared.get(statement.key)
            if name is None:
                actor.preparing = session.prepare(statement.sent)
                return WAIT
            session.send_prepared(name, self.bind(actor.variables))
            session.wants_write = session.flush_out() != 0
        if session.piped is None:
            return WAIT
        session.piped.append(self)
        return self._next

    def answered(self, actor: Actor, results: Answer) -> int:
        """Check, keep rows that somebody wants, note what is committed."""
        if len(results) != 1 or results[0].status not in GOOD:
            error = error_of(results)
            if error is not None:
                self.refused(actor, error)
        if actor.preparing is not None:
            return self.prepared(actor, results, then=self.at)
        if not self.plain:
            self.taken(actor, results)
        if actor.written is not None:
            settle(actor, results)
        return self._next

    def prepared(self, actor: Actor, results: Answer, *, then: int) -> int:
        """The server has prepared it, or will not."""
        error = error_of(results)
        if error is not None:
            self.refused(actor, error)
        if actor.preparing is not None:
            if actor.tail == self.statement.tail:  # else another actor was refused, and it is prepared without
                bound(actor).prepared[self.statement.key] = actor.preparing
            actor.preparing = None
        return then

    def taken(self, actor: Actor, results: Answer) -> None:
        """Rows for the ledger, values for variables, a count of those that found no row."""
        statement = self.statement
        if statement.expects:
            statement.executions += 1
            statement.misses += not results[-1].command_tuples
        if statement.followed is not None:
            actor.written = [*(actor.written or ()), rows_written(statement.followed, results[-1])]
        if statement.capture is not None:
            error = capture(statement, actor.variables, results)
            if error is not None:
                raise FailedError(error)

    def refused(self, actor: Actor, error: ServerError) -> None:
        """Fail; prepare again next time where the plan or the name is no longer good."""
        statement = self.statement
        actor.statement = statement.index
        if error.sqlstate in _PREPARE_AGAIN and actor.session is not None:
            actor.session.prepared.pop(statement.key, None)
        # Another actor may have been refused since this one sent it.
        followed = statement.followed is not None or (statement.was_followed and bool(actor.tail))
        actor.tail = b""
        if followed and error.sqlstate in _LEDGER_REFUSED:
            statement.unfollow()
            self.key = statement.key if self.prepares else b""
            self.plain = statement.capture is None and not statement.expects
            raise FailedError(error, again=True)
        raise FailedError(error)


class ExecuteText(Execute):
    """Send a statement as text, its values in it, by the simple protocol."""

    __slots__ = ("_render",)

    def __init__(self, at: int, statement: CompiledStatement, *, render: Render) -> None:
        super().__init__(at, statement, prepares=False)
        self._render = render

    def run(self, actor: Actor) -> int:
        """Put the values in and send."""
        if actor.session is None:
            return UNBOUND
        actor.statement, actor.tail = self.statement.index, self.statement.tail
        actor.session.query(self._render(actor.variables) + actor.tail)
        return WAIT


class Control:
    """Send BEGIN or COMMIT; `statement` is what a failure of it is recorded as."""

    __slots__ = ("_statement", "_text", "at")

    def __init__(self, at: int, text: bytes, *, statement: int) -> None:
        self.at = at
        self._text = text
        self._statement = statement

    def run(self, actor: Actor) -> int:
        """Send; wait unless in a pipeline."""
        session = actor.session
        if session is None:
            return UNBOUND
        actor.statement = self._statement
        if session.piped is None:
            session.query(self._text)
            return WAIT
        session.query_params(self._text, [])
        session.piped.append(self)
        return self.at + 1

    def answered(self, actor: Actor, results: Answer) -> int:
        """Check, note what is committed."""
        error = error_of(results)
        if error is not None:
            self.refused(actor, error)
        if actor.written is not None:
            settle(actor, results)
        return self.at + 1

    def taken(self, actor: Actor, results: Answer) -> None:
        """Nobody wants anything of it."""

    def refused(self, actor: Actor, error: ServerError) -> None:
        """Fail."""
        actor.statement = self._statement
        raise FailedError(error)


class SetVariable(_Silent):
    """Evaluate and keep; `range` is the lowest value and the number of values where it is a plain random()."""

    __slots__ = ("name", "range", "value")

    def __init__(self, at: int, name: str, value: Evaluator, *, range_: tuple[int, int] | None = None) -> None:
        super().__init__(at)
        self.name = name
        self.value = value
        self.range = range_

    def run(self, actor: Actor) -> int:
        """Set the variable."""
        actor.variables[self.name] = self.value(actor.client)
        return self.at + 1


class Pause(_Silent):
    """Think for as long as the value says."""

    __slots__ = ("_unit_ns", "_value")

    def __init__(self, at: int, value: Evaluator, *, unit_ns: int) -> None:
        super().__init__(at)
        self._value = value
        self._unit_ns = unit_ns

    def run(self, actor: Actor) -> int:
        """Say for how long: a fraction is cut off, as pgbench does, and a negative pause is none."""
        value = self._value(actor.client)
        whole = math.trunc(value) if isinstance(value, float) and math.isfinite(value) else as_int(value)
        actor.wake_after_ns = max(0, whole) * self._unit_ns
        return SLEEP


class Branch(_Silent):
    """Go to `target` unless the condition (None: never) is true."""

    __slots__ = ("_condition", "_target")

    def __init__(self, at: int, condition: Evaluator | None, *, target: int) -> None:
        super().__init__(at)
        self._condition = condition
        self._target = target

    def run(self, actor: Actor) -> int:
        """Choose."""
        if self._condition is None or not is_true(self._condition(actor.client)):
            return self._target
        return self.at + 1


class Done(_Silent):
    """The end of an operation: no transaction may be open."""

    __slots__ = ()

    def run(self, actor: Actor) -> int:
        """Check that."""
        if actor.session is not None and actor.session.pgconn.transaction_status != IDLE:
            raise FailedError(ServerError(LEFT_OPEN, "the operation ended inside a transaction"))
        return DONE


class RollBack(_Silent):
    """After an error: what is open is rolled back."""

    __slots__ = ()

    def run(self, actor: Actor) -> int:
        """Send ROLLBACK where a transaction is open."""
        session = actor.session
        if session is None or session.broken or session.idle:
            return DONE
        session.query(b"ROLLBACK")
        return WAIT

    def answered(self, _actor: Actor, _results: Answer, /) -> int:
        """Whatever came of it: see again whether one is open; a server that refuses ROLLBACK is not asked twice."""
        return self.at + 1


class Over(_Silent):
    """The end of rolling back."""

    __slots__ = ()

    def run(self, _actor: Actor, /) -> int:
        """It is over."""
        return DONE


def settle(actor: Actor, results: Answer) -> None:
    """Outside of a transaction what was written is committed, unless the last command was a ROLLBACK."""
    if bound(actor).idle and actor.written is not None:
        if results[-1].command_status != b"ROLLBACK":
            actor.committed(actor.written)
        actor.written = None


def bound(actor: Actor) -> BoundSession:
    """The session that answered: an actor that waits has one."""
    if actor.session is None:
        raise LookupError("no server connection is bound")
    return actor.session
