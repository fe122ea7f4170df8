"""Operations made ready to run: bytes to send, closures for values, rows for the ledger."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias, assert_never

from psycopg import sql

from harness.rehearsal.traffic.ledger import resolve
from harness.spec.params import Draw, Sources, compile_parameters
from harness.spec.pgbench.evaluate import Client, Evaluator, compile_expression
from harness.spec.pgbench.nodes import Assign, Capture, Jump, JumpUnless, Pipeline, Shell, Sleep
from harness.spec.pgbench.values import ExpressionError, as_int, to_text
from harness.spec.scenario import Protocol
from harness.spec.targets import LedgerAction
from harness.spec.workload import Instruction, Operation, OperationKind, Send, Statement, Workload

Values: TypeAlias = list[bytes | None]


@dataclass(slots=True)
class Followed:
    """What the ledger does with a statement's rows; `text` is the statement with RETURNING of the key added.

    `active` goes off for the rest of the run once the server refuses the addition, say after a migration renamed a key
    column: what the harness added must never look like a failure of the application.
    """

    action: LedgerAction
    relation: str
    text: bytes
    active: bool = True


@dataclass(slots=True)
class CompiledStatement:
    """One statement: `text` with `$n`, or `render` where only text can be sent (simple protocol)."""

    index: int
    key: bytes
    text: bytes
    bind: Callable[[Client], Values]
    render: Callable[[Client], bytes] | None
    followed: Followed | None
    capture: Capture | None
    prefix: str
    into: tuple[str, ...] = ()

    @property
    def ledger(self) -> Followed | None:
        """What the ledger follows, now."""
        return self.followed if self.followed is not None and self.followed.active else None


@dataclass(frozen=True, slots=True)
class Execute:
    """Send a statement."""

    statement: CompiledStatement


@dataclass(frozen=True, slots=True)
class SetVariable:
    """Evaluate and keep."""

    name: str
    value: Evaluator


@dataclass(frozen=True, slots=True)
class Pause:
    """Think for as long as the value says."""

    value: Evaluator
    unit_ns: int


@dataclass(frozen=True, slots=True)
class Branch:
    """Go to `target` unless the condition (None: never) is true."""

    condition: Evaluator | None
    target: int


Code: TypeAlias = Execute | SetVariable | Pause | Branch


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """An operation ready to run; `draws` give the named parameters of one execution."""

    index: int
    transaction: bool
    code: tuple[Code, ...]
    draws: tuple[tuple[str, Draw], ...]
    last: int

    def draw(self, client: Client) -> None:
        """Set this execution's parameters."""
        for name, draw in self.draws:
            client.variables[name] = draw(client.random)


def compile_workload(
    workload: Workload, *, protocol: Protocol, sources: Sources, primary_keys: Mapping[str, tuple[str, ...]]
) -> tuple[CompiledOperation, ...]:
    """All operations of a workload, by their index."""
    return tuple(
        _operation(operation, protocol=protocol, sources=sources, primary_keys=primary_keys)
        for operation in workload.operations
    )


def new_client(seed: int, actor: int) -> Client:
    """An actor's own random source, and the variables that pgbench sets by itself."""
    variables: dict[str, int | float | bool | str | None] = {
        "scale": 1,
        "client_id": actor,
        "random_seed": seed,
        "default_seed": Random(f"default_seed {seed}").getrandbits(63),  # noqa: S311 - traffic is repeatable, not secret
    }
    return Client(Random(f"actor {seed} {actor}"), variables)  # noqa: S311 - as above


def _operation(
    operation: Operation, *, protocol: Protocol, sources: Sources, primary_keys: Mapping[str, tuple[str, ...]]
) -> CompiledOperation:
    literal = operation.kind is OperationKind.SQL
    statements = [
        _statement(
            statement, operation.index, number, simple=protocol is Protocol.SIMPLE, literal=literal, keys=primary_keys
        )
        for number, statement in enumerate(operation.statements)
    ]
    return CompiledOperation(
        index=operation.index,
        transaction=operation.transaction,
        code=tuple(_instruction(instruction, statements) for instruction in operation.program),
        draws=compile_parameters(operation.parameters, sources=sources),
        last=len(statements),
    )


def _instruction(instruction: Instruction, statements: Sequence[CompiledStatement]) -> Code:
    match instruction:
        case Send(number):
            return Execute(statements[number])
        case Assign(name, expression, _):
            return SetVariable(name, compile_expression(expression))
        case Sleep(duration, unit_ns, _):
            return Pause(compile_expression(duration), unit_ns)
        case JumpUnless(condition, target, _):
            return Branch(compile_expression(condition), target)
        case Jump(target):
            return Branch(None, target)
        case Pipeline() | Shell():
            raise ValueError("pipelines and shell commands are refused by the script's parser")
        case _:
            assert_never(instruction)


def _statement(
    statement: Statement,
    operation: int,
    number: int,
    *,
    simple: bool,
    literal: bool,
    keys: Mapping[str, tuple[str, ...]],
) -> CompiledStatement:
    followed = _followed(statement, keys)
    return CompiledStatement(
        index=number,
        key=b"rehearse_%d_%d" % (operation, number),
        text=statement.text.encode(),
        bind=_binder(statement.names) if literal else _pgbench_binder(statement.names),
        render=_renderer(statement.template, literal=literal) if simple or statement.textual else None,
        followed=followed,
        capture=statement.capture,
        prefix=statement.prefix,
        into=statement.into,
    )


def _followed(statement: Statement, keys: Mapping[str, tuple[str, ...]]) -> Followed | None:
    relation = resolve(statement.ledger.relation, keys) if statement.ledger else None
    if statement.ledger is None or relation is None or not keys[relation]:
        return None
    columns = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in keys[relation])
    returning = "\nRETURNING " + columns.as_string(None)
    return Followed(statement.ledger.action, relation, returning.encode())


def _binder(names: Sequence[str]) -> Callable[[Client], Values]:
    def bind(client: Client) -> Values:
        variables = client.variables
        try:
            return [_bytes(variables[name]) for name in names]
        except KeyError as error:
            raise ExpressionError(f"undefined variable :{error.args[0]}", sqlstate="42704") from None

    return bind


def _pgbench_binder(names: Sequence[str]) -> Callable[[Client], Values]:
    """As pgbench binds: a variable's text, which is "NULL" for NULL, and NULL for a variable without a value."""

    def bind(client: Client) -> Values:
        variables = client.variables
        try:
            return [to_text(variables[name]).encode() for name in names]
        except KeyError:
            return [to_text(variables[name]).encode() if name in variables else None for name in names]

    return bind


def _bytes(value: object) -> bytes | None:
    if type(value) is str:
        return value.encode()
    return None if value is None else to_text(value).encode()  # type: ignore[arg-type]


def _renderer(template: Sequence[str], *, literal: bool) -> Callable[[Client], bytes]:
    def render(client: Client) -> bytes:
        variables = client.variables
        parts = []
        for index, part in enumerate(template):
            if index % 2 == 0:
                parts.append(part)
            elif literal:
                value = variables[part]
                parts.append("NULL" if value is None else quote_literal(to_text(value)))
            else:
                parts.append(to_text(variables[part]) if part in variables else f":{part}")
        return "".join(parts).encode()

    return render


def quote_literal(text: str) -> str:
    """`text` as an SQL literal, whatever standard_conforming_strings says.

    >>> print(quote_literal("it's"), quote_literal("a\\\\b"))
    'it''s'  E'a\\\\b'
    """
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in quoted else " E'" + quoted.replace("\\", "\\\\") + "'"


def sleep_ns(value: object, unit_ns: int) -> int:
    """Nanoseconds of a \\sleep; a fraction is cut off, as pgbench does, and a negative one does not sleep."""
    whole = math.trunc(value) if isinstance(value, float) and math.isfinite(value) else as_int(value)  # type: ignore[arg-type]
    return max(0, whole) * unit_ns
