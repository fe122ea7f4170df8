"""Tries derived operations on a database: each with drawn parameters, in a transaction that is rolled back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter_ns
from typing import Final

from psycopg import pq

from harness.model.errors import SpecError
from harness.postgres.connect import Connection
from harness.rehearsal.execution import DONE, RefusedError, refusal, sources_of, statements_in_turn, take_row
from harness.rehearsal.traffic.samples import load_samples
from harness.spec.operation import Operation, Statement
from harness.spec.params import Draw, Samples, compile_parameters
from harness.spec.pgbench.evaluate import Client
from harness.spec.pgbench.nodes import Value
from harness.spec.pgbench.values import to_text
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.workload import Workload, build_workload
from harness.workload.trial import OperationTrial, StatementTrial

_LONGEST: Final = "5s"
"""Of a statement on trial: what takes longer is no part of an application's transactions."""
_PROBES: Final = 20  # round trips of an empty statement, of which the fastest counts


@dataclass(slots=True)
class Tryout:
    """A `harness.workload.trial.Runner` on `connection`, which must be in autocommit and do nothing else meanwhile.

    `writable` false: statements that write are only prepared, and the server is told that transactions are read-only.
    `path` is what error messages call the scenario.
    """

    connection: Connection
    seed: int
    path: Path
    writable: bool = True
    _round_trip_ns: int = 0

    def try_out(self, operations: Sequence[OperationSpec], *, draws: int) -> tuple[OperationTrial, ...]:
        """As `Runner.try_out`; nothing stays but numbers taken from sequences."""
        if operations and not self._round_trip_ns:
            self._round_trip_ns = self._measure_round_trip()
        results: list[OperationTrial] = []
        for group in self._groups(operations):
            if isinstance(group, OperationTrial):
                results.append(group)
            else:
                workload, samples = group
                results += [self._operation(operation, samples, draws=draws) for operation in workload.operations]
        return tuple(results)

    def _groups(self, operations: Sequence[OperationSpec]) -> Iterator["tuple[Workload, Samples] | OperationTrial"]:
        """The operations with their samples; one that has none is told apart, by halves."""
        if not operations:
            return
        try:
            workload = build_workload(TrafficSpec(operation=tuple(operations)), path=self.path)
            yield workload, load_samples(self.connection, workload, seed=self.seed)
        except SpecError as error:
            if len(operations) == 1:
                yield OperationTrial(reason=error.message)
                return
            half = len(operations) // 2
            yield from self._groups(operations[:half])
            yield from self._groups(operations[half:])

    def _operation(self, operation: Operation, samples: Samples, *, draws: int) -> OperationTrial:
        tried = [_Measured(statement.source) for statement in operation.statements]
        error: RefusedError | None = None
        with self._prepared(operation.statements) as refused:
            runs = self.writable or not operation.writes
            try:
                if refused is not None:
                    raise refused
                draw = _draws(operation, samples, seed=self.seed)
                random = Random(f"{self.seed} {operation.name}")  # noqa: S311 - repeatable, not secret
                for _ in range(draws if runs else 0):
                    self._once(operation, {name: one(random) for name, one in draw}, random, tried)
            except RefusedError as found:
                error = found
        statements = tuple(StatementTrial(t.sql, t.calls, t.rows, t.time_ns) for t in tried)
        return OperationTrial(statements, error.sqlstate if error else "", error.message if error else "")

    @contextmanager
    def _prepared(self, statements: Sequence[Statement]) -> Iterator["RefusedError | None"]:
        """The statements prepared as `try_<n>`; the server's refusal of the first that it does not take."""
        refused, done = None, 0
        try:
            for number, statement in enumerate(statements):
                result = self.connection.pgconn.prepare(b"try_%d" % number, statement.text.encode())
                if result.status not in DONE:
                    refused = refusal(result)
                    break
                done += 1
            yield refused
        finally:
            for number in range(done):
                self.connection.pgconn.exec_(b"DEALLOCATE try_%d" % number)

    def _once(
        self, operation: Operation, values: dict[str, str | None], random: Random, tried: "Sequence[_Measured]"
    ) -> None:
        pgconn = self.connection.pgconn
        mode = b"" if self.writable else b" READ ONLY"
        pgconn.exec_(b"BEGIN%s; SET LOCAL statement_timeout = '%s'" % (mode, _LONGEST.encode()))
        try:
            client = Client(random, dict(values))
            for number in statements_in_turn(operation, client):
                self._send(operation.statements[number], number, client, tried[number])
            result = pgconn.exec_(b"SET CONSTRAINTS ALL IMMEDIATE")
            if result.status not in DONE:
                raise refusal(result)
        finally:
            pgconn.exec_(b"ROLLBACK")

    def _send(self, statement: Statement, number: int, client: Client, measured: "_Measured") -> None:
        try:
            parameters = [_bytes(client.variables[name]) for name in statement.names]
        except KeyError as error:
            raise RefusedError("", f"variable :{error.args[0]} has no value") from None
        started_ns = perf_counter_ns()
        result = self.connection.pgconn.exec_prepared(b"try_%d" % number, parameters)  # type: ignore[arg-type]
        took_ns = perf_counter_ns() - started_ns - self._round_trip_ns
        if result.status not in DONE:
            raise refusal(result)
        rows = result.ntuples if result.status == pq.ExecStatus.TUPLES_OK else (result.command_tuples or 0)
        measured.add(rows=rows, time_ns=max(0, took_ns))
        take_row(statement, result, client)

    def _measure_round_trip(self) -> int:
        """What an empty statement takes there and back: the source's times do not have it."""
        pgconn, best = self.connection.pgconn, 1 << 62
        pgconn.prepare(b"try_nothing", b"")
        for _ in range(_PROBES):
            started_ns = perf_counter_ns()
            pgconn.exec_prepared(b"try_nothing", None)
            best = min(best, perf_counter_ns() - started_ns)
        pgconn.exec_(b"DEALLOCATE try_nothing")
        return best


@dataclass(slots=True)
class _Measured:
    """A statement's account so far."""

    sql: str
    calls: int = 0
    rows: int = 0
    time_ns: int = field(default=0)

    def add(self, *, rows: int, time_ns: int) -> None:
        self.calls += 1
        self.rows += rows
        self.time_ns += time_ns


def _draws(operation: Operation, samples: Samples, *, seed: int) -> tuple[tuple[str, Draw], ...]:
    sources = sources_of([parameter for _, parameter in operation.parameters], samples, seed=seed)
    try:
        return compile_parameters(operation.parameters, sources=sources)
    except (ValueError, KeyError) as error:
        raise RefusedError("", f"its parameters cannot be drawn: {error}") from None


def _bytes(value: Value) -> bytes | None:
    return None if value is None else to_text(value).encode()
