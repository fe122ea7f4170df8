"""One execution of an operation as a state machine: it sends, yields, and goes on when the event loop has the answer.

Driver behaviour, where drivers differ: a statement is prepared at its first use on a connection and stays prepared,
also across the migration, so "cached plan must not change result type" (0A000) happens as in applications. The
operation that meets it fails; the statement is prepared anew at its next use on that connection, as ActiveRecord and
pgjdbc do (psycopg would go on failing until it reconnects). BEGIN and COMMIT are round trips of their own; an error is
answered by ROLLBACK.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeAlias

import psycopg
from psycopg.pq.abc import PGresult

from harness.rehearsal.traffic.compiled import (
    Branch,
    CompiledOperation,
    CompiledStatement,
    Execute,
    Pause,
    SetVariable,
    sleep_ns,
)
from harness.rehearsal.traffic.ledger import Key, Ledger
from harness.rehearsal.traffic.session import CONNECTION_FAILURE, ServerError, Session, error_of
from harness.spec.pgbench.commands import VARIABLE
from harness.spec.pgbench.evaluate import Client
from harness.spec.pgbench.nodes import Capture
from harness.spec.pgbench.values import ExpressionError, is_true
from harness.spec.targets import LedgerAction

# The plan, or the name, of a prepared statement is no longer good: cached plan, invalid_sql_statement_name.
_PREPARE_AGAIN: Final = frozenset({"0A000", "26000"})
# The server refuses the RETURNING that the ledger added: undefined_column, feature_not_supported (views with rules).
_LEDGER_REFUSED: Final = frozenset({"42703", "0A000"})
NO_ROW: Final = "P0002"
"""\\gset found no row; PostgreSQL's own no_data_found."""
MANY_ROWS: Final = "P0003"
"""\\gset found several rows; PostgreSQL's own too_many_rows."""
BAD_NAME: Final = "42602"
"""\\gset or \\aset met a column whose name no variable can have; PostgreSQL's own invalid_name."""
BAD_COUNT: Final = "42804"
"""`into` names more or fewer variables than the row has columns; PL/pgSQL's own datatype_mismatch for that."""
LEFT_OPEN: Final = "25000"
"""The operation ended inside a transaction; PostgreSQL's own invalid_transaction_state."""


@dataclass(frozen=True, slots=True)
class Sleeping:
    """Yielded to be continued after `duration_ns`."""

    duration_ns: int


@dataclass(frozen=True, slots=True)
class Failure:
    """How an operation failed, and at which statement (one past the last is the COMMIT)."""

    statement: int
    error: ServerError


Answer: TypeAlias = list[PGresult]
Execution: TypeAlias = Generator[Sleeping | None, Answer, Failure | None]
"""Yields None to wait for results, which are sent in; returns the failure, or None when all went well."""


class _FailedError(Exception):
    def __init__(self, error: ServerError) -> None:
        super().__init__(error.sqlstate)
        self.error = error


class _AgainError(Exception):
    """The server refused what the ledger added: once more, without it."""


@dataclass(slots=True)
class _Course:
    """Where an execution is: its statement, and rows written but not yet committed."""

    session: Session
    client: Client
    ledger: Ledger
    prepares: bool
    statement: int = 0
    written: list[tuple[LedgerAction, str, list[Key]]] | None = None


def execute(
    operation: CompiledOperation, *, session: Session, client: Client, ledger: Ledger, prepares: bool
) -> Execution:
    """Run `operation` once; `prepares` keeps prepared statements, else each is sent unnamed."""
    while True:
        course = _Course(session, client, ledger, prepares)
        try:
            yield from _run(operation, course)
        except _AgainError:
            yield from _roll_back(session)
        except _FailedError as failed:
            yield from _roll_back(session)
            return Failure(course.statement, failed.error)
        except ExpressionError as error:
            yield from _roll_back(session)
            return Failure(course.statement, ServerError(error.sqlstate, str(error)))
        except psycopg.OperationalError:
            return Failure(course.statement, ServerError(CONNECTION_FAILURE, "the connection was lost"))
        else:
            return None


def _roll_back(session: Session) -> Generator[None, Answer, None]:
    if session.broken or session.idle:
        return
    try:
        session.query(b"ROLLBACK")
    except psycopg.OperationalError:
        return
    yield


def _run(operation: CompiledOperation, course: _Course) -> Generator[Sleeping | None, Answer, None]:
    session, client, code = course.session, course.client, operation.code
    if operation.transaction:
        session.query(b"BEGIN")
        _checked((yield None))
    at = 0
    while at < len(code):
        step = code[at]
        at += 1
        if type(step) is Execute:
            course.statement = step.statement.index
            yield from _send(step.statement, course)
        elif type(step) is SetVariable:
            client.variables[step.name] = step.value(client)
        elif type(step) is Branch:
            if step.condition is None or not is_true(step.condition(client)):
                at = step.target
        elif type(step) is Pause:
            yield Sleeping(sleep_ns(step.value(client), step.unit_ns))
    if operation.transaction:
        course.statement = operation.last
        session.query(b"COMMIT")
        _settle(course, _checked((yield None)))
    if not session.idle:
        raise _FailedError(ServerError(LEFT_OPEN, "the operation ended inside a transaction"))


def _send(statement: CompiledStatement, course: _Course) -> Generator[None, Answer, None]:
    session, client, followed = course.session, course.client, statement.ledger
    tail = followed.text if followed is not None else b""
    if statement.render is not None:
        session.query(statement.render(client) + tail)
    elif course.prepares:
        key = statement.key if followed is None else statement.key + b"+"
        name = session.prepared.get(key)
        if name is None:
            name = session.prepare(statement.text + tail)
            if error := error_of((yield)):
                _fail(statement, error)
            session.prepared[key] = name
        session.query_prepared(name, statement.bind(client))
    else:
        session.query_params(statement.text + tail, statement.bind(client))
    results = yield
    if error := error_of(results):
        if error.sqlstate in _PREPARE_AGAIN:
            session.prepared.pop(statement.key if followed is None else statement.key + b"+", None)
        _fail(statement, error)
    if followed is not None:
        keys = [_row(results[-1], row) for row in range(results[-1].ntuples)]
        course.written = [*(course.written or ()), (followed.action, followed.relation, keys)]
    if statement.capture is not None:
        _capture(statement, client, results)
    _settle(course, results)


def _fail(statement: CompiledStatement, error: ServerError) -> None:
    if statement.ledger is not None and error.sqlstate in _LEDGER_REFUSED:
        statement.ledger.active = False
        raise _AgainError
    raise _FailedError(error)


def _checked(results: Answer) -> Answer:
    if error := error_of(results):
        raise _FailedError(error)
    return results


def _settle(course: _Course, results: Answer) -> None:
    """Outside of a transaction, what was written is committed, unless the last command was a ROLLBACK."""
    if course.written and course.session.idle:
        if results[-1].command_status != b"ROLLBACK":
            for action, relation, keys in course.written:
                course.ledger.acknowledge(action, relation, keys)
        course.written = None


def _row(result: PGresult, row: int) -> Key:
    return tuple((result.get_value(row, column) or b"").decode() for column in range(result.nfields))


def _capture(statement: CompiledStatement, client: Client, results: Answer) -> None:
    """\\gset and `into` want exactly one row of the last result; \\aset takes the last row of each.

    NULL becomes "" in a script, as there, and NULL by `into`.
    """
    if statement.capture is not Capture.ASET:
        if results[-1].ntuples != 1:
            state = NO_ROW if results[-1].ntuples == 0 else MANY_ROWS
            word = "into" if statement.into else "\\gset"
            raise _FailedError(ServerError(state, f"{word} expected one row, got {results[-1].ntuples}"))
        results = results[-1:]
    if statement.into:
        _assign(statement.into, client, results[-1])
        return
    for result in results:
        if result.ntuples:
            for column, value in enumerate(_row(result, result.ntuples - 1)):
                name = statement.prefix + (result.fname(column) or b"").decode()
                if VARIABLE.fullmatch(name) is None:
                    raise _FailedError(ServerError(BAD_NAME, "a column's name is not a variable's name"))
                client.variables[name] = value


def _assign(names: tuple[str, ...], client: Client, row: PGresult) -> None:
    if row.nfields != len(names):
        message = f"into names {len(names)} variables, the row has {row.nfields} columns"
        raise _FailedError(ServerError(BAD_COUNT, message))
    for column, name in enumerate(names):
        value = row.get_value(0, column)
        client.variables[name] = None if value is None else value.decode()
