"""One execution of an operation at a time, by hand: its parameters, its statements in order, what their rows set."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from psycopg import pq

from harness.model.redaction import redact_message
from harness.spec.operation import Operation, Send, Statement
from harness.spec.params import Parameter, Samples, Sources, needs_faker
from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.nodes import Assign, Capture, Jump, JumpUnless
from harness.spec.pgbench.values import ExpressionError, is_true

DONE: Final = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY)
"""Statuses of a statement that succeeded."""
_MOST_STEPS: Final = 10_000  # of one execution: a script that loops longer is broken off


class RefusedError(Exception):
    """The server refused, or there was nothing to send; the message is redacted, `sqlstate` "" where none was given."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


def refusal(result: pq.abc.PGresult) -> RefusedError:
    """What a result that is an error says."""
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    return RefusedError(state, redact_message(message, sqlstate=state))


def sources_of(parameters: Iterable[Parameter], samples: Samples, *, seed: int) -> Sources:
    """What these parameters draw from; keys that may be given once only are shared by all that draw from it."""
    faker = None
    if needs_faker(list(parameters)):
        from faker import Faker  # imported where asked for: it takes a third of a second

        faker = Faker()
        faker.seed_instance(seed)
    return Sources(samples, now=lambda: datetime.now(UTC).isoformat(sep=" "), faker=faker, seed=seed)


def statements_in_turn(operation: Operation, client: Client) -> Iterator[int]:
    """The statements of one execution, in order: conditions are evaluated in their turn, pauses are not made."""
    at = 0
    for _ in range(_MOST_STEPS):
        if at >= len(operation.program):
            return
        instruction, at = operation.program[at], at + 1
        try:
            match instruction:
                case Send(number):
                    yield number
                case Assign(name, expression, _):
                    client.variables[name] = compile_expression(expression)(client)
                case JumpUnless(condition, target, _):
                    at = at if is_true(compile_expression(condition)(client)) else target
                case Jump(target):
                    at = target
                case _:
                    pass
        except ExpressionError as error:
            raise RefusedError("", str(error)) from None


def take_row(statement: Statement, result: pq.abc.PGresult, client: Client) -> None:
    """Set the variables that the statement's row gives; RefusedError where there is not one row and one is needed."""
    if statement.capture is None:
        return
    if statement.capture is not Capture.ASET and result.ntuples != 1:
        raise RefusedError("", f"it takes values from one row, and there were {result.ntuples}")
    if not result.ntuples:
        return
    for column in range(result.nfields):
        value = result.get_value(result.ntuples - 1, column)
        name = statement.into[column] if column < len(statement.into) else (result.fname(column) or b"").decode()
        client.variables[statement.prefix + name] = None if value is None else value.decode()
