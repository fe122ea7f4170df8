"""The application by hand: operations executed one at a time on sessions of its role, committed as it would."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import postgast
import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from harness.model.units import NS_PER_S, parse_duration
from harness.postgres.ports import Server
from harness.rehearsal.execution import DONE, RefusedError, refusal, sources_of, statements_in_turn, take_row
from harness.rehearsal.traffic.compiled import new_client
from harness.rehearsal.traffic.session import actor_conninfo
from harness.rehearsal.traffic.statement import CompiledStatement, Values
from harness.spec.operation import Operation, OperationKind
from harness.spec.params import Draw, Parameter, Samples, compile_parameters
from harness.spec.pgbench.evaluate import Client
from harness.spec.pgbench.values import ExpressionError
from harness.spec.scenario import Protocol, TrafficSpec
from harness.spec.workload import Workload

LONGEST_NS: Final = 5 * NS_PER_S
"""Of a statement of the application here: nothing else runs, and the probe must not hang."""
_LOST: Final = "08006"
_KEPT: Final = 3  # of what a statement was sent as: plans differ with the values


@dataclass(frozen=True, slots=True)
class Failure:
    """How an execution ended early; `statement` counts from 0."""

    statement: int
    sqlstate: str
    message: str


@dataclass(slots=True)
class AppSession:
    """A connection of the application; `prepares`: statements are prepared by name and stay so."""

    pgconn: PGconn
    prepares: bool = False
    prepared: set[bytes] = field(default_factory=set)

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open."""
        return self.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def run(self, text: bytes) -> None:
        """Send a text without parameters; RefusedError where the server refuses."""
        result = self.pgconn.exec_(text)
        if result.status not in DONE:
            raise refusal(result)

    def extended(self, name: bytes, text: bytes, values: Values) -> PGresult:
        """The result of a statement with its values."""
        if not self.prepares:
            return self.pgconn.exec_params(text, values)
        if name not in self.prepared:
            result = self.pgconn.prepare(name, text)
            if result.status not in DONE:
                return result
            self.prepared.add(name)
        return self.pgconn.exec_prepared(name, values)  # type: ignore[arg-type]

    def forget(self) -> None:
        """As after a connection is given back: no transaction, role, setting or prepared statement stays."""
        if not self.is_idle:
            self.pgconn.exec_(b"ROLLBACK")
        self.pgconn.exec_(b"DISCARD ALL")
        self.prepared.clear()


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it was sent once: `values` None where they are in the text."""

    text: bytes
    values: Values | None


@dataclass(slots=True)
class Caller:
    """One operation, with a random source of its own: the same seed gives the same executions.

    `sent` has the latest few of what each statement was sent as, and succeeded; `rows` counts the most rows that one
    statement of the latest execution answered or changed.
    """

    operation: Operation
    statements: Sequence[CompiledStatement]
    draws: Sequence[tuple[str, Draw]]
    client: Client
    sent: dict[int, list[Sent]] = field(default_factory=dict)
    rows: int = 0

    def call(self, session: AppSession) -> Failure | None:
        """One execution, committed; what fails is rolled back."""
        failure = self.send_all(session)
        if failure is None and not session.is_idle:
            try:
                session.run(b"COMMIT")
            except RefusedError as error:
                failure = _failure(len(self.statements) - 1, error)
        if failure is not None and not session.is_idle:
            session.pgconn.exec_(b"ROLLBACK")
        return failure

    def send_all(self, session: AppSession) -> Failure | None:
        """One execution; what it began stays open, and stays as it failed."""
        at = self.rows = 0
        try:
            self._draw()
            if self.operation.transaction:
                session.run(b"BEGIN")
            for number in statements_in_turn(self.operation, self.client):
                at = number
                self._send(session, number)
        except RefusedError as error:
            return _failure(at, error)
        return None

    def name_of(self, number: int) -> bytes:
        """The name under which a session prepares a statement."""
        return b"versions_%d_%d" % (self.operation.index, number)

    def kind_of(self, number: int) -> str:
        """The parser's name of what a statement is (select_stmt), "" where it is not one statement."""
        try:
            tree = postgast.parse(self.operation.statements[number].text)
        except postgast.PgQueryError:
            return ""
        return str(tree.stmts[0].stmt.WhichOneof("node")) if len(tree.stmts) == 1 else ""

    def _draw(self) -> None:
        for name, draw in self.draws:
            try:
                self.client.variables[name] = draw(self.client.random)
            except ExpressionError as error:
                raise RefusedError(error.sqlstate, str(error)) from None

    def _send(self, session: AppSession, number: int) -> None:
        statement = self.statements[number]
        try:
            if statement.render is not None:
                sent = Sent(statement.render(self.client.variables), None)
                result = session.pgconn.exec_(sent.text)
            else:
                values = statement.bind(self.client.variables)
                sent = Sent(statement.text, values)
                result = session.extended(self.name_of(number), statement.text, values)
        except ExpressionError as error:
            raise RefusedError(error.sqlstate, str(error)) from None
        if result.status not in DONE:
            raise refusal(result)
        self.sent[number] = [*self.sent.get(number, []), sent][-_KEPT:]
        self.rows = max(self.rows, result.command_tuples or 0)
        take_row(self.operation.statements[number], result, self.client)


def _failure(statement: int, error: RefusedError) -> Failure:
    return Failure(statement, error.sqlstate or _LOST, error.message)


def callers_of(workload: Workload, samples: Samples, *, seed: int, protocol: Protocol) -> tuple[Caller, ...]:
    """The operations of every version, ready to be executed; those whose parameters cannot be drawn are left out."""
    parameters: list[Parameter] = [one for o in workload.operations for _, one in o.parameters]
    sources = sources_of(parameters, samples, seed=seed)
    found = []
    for operation in workload.operations:
        client = new_client(seed, 0)
        client.random = Random(f"versions {seed} {operation.name}")  # noqa: S311 - repeatable, not secret
        try:
            draws = compile_parameters(operation.parameters, sources=sources)
        except (ValueError, KeyError):
            continue
        found.append(Caller(operation, _compiled(operation, protocol=protocol), draws, client))
    return tuple(found)


def _compiled(operation: Operation, *, protocol: Protocol) -> tuple[CompiledStatement, ...]:
    """As the traffic sends them, without the RETURNING that its ledger adds."""
    return tuple(
        CompiledStatement(
            statement,
            operation=operation.index,
            number=number,
            simple=protocol is Protocol.SIMPLE,
            literal=operation.kind is OperationKind.SQL,
            keys={},
        )
        for number, statement in enumerate(operation.statements)
    )


def open_session(server: Server, traffic: TrafficSpec, *, number: int, prepares: bool = False) -> AppSession:
    """A session of the application's role, named and set as an actor's; OperationalError where it is refused."""
    given_ns = parse_duration(traffic.statement_timeout)
    conninfo = actor_conninfo(
        server.conninfo(application_name=""),
        actor=number,
        statement_timeout_ns=min(given_ns, LONGEST_NS) if given_ns else LONGEST_NS,
        settings=traffic.settings,
    )
    pgconn = pq.PGconn.connect(conninfo)
    if pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError(pgconn.get_error_message())
    return AppSession(pgconn, prepares=prepares)
