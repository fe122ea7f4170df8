"""Before traffic: every operation is held against the schema and the values it will start with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

import psycopg
from psycopg import pq, sql

from harness.model.errors import SpecError
from harness.model.redaction import redact_message
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.relation import Need, query
from harness.spec.params import (
    FromStatistics,
    Inserted,
    Nullable,
    Parameter,
    Samples,
    Sources,
    compile_parameters,
    needs_faker,
)
from harness.spec.params.statistics import may_be_null
from harness.spec.pgbench.values import ExpressionError
from harness.spec.workload import Operation, Statement, Workload
from harness.workload.inference import InferenceError, infer_parameters
from harness.workload.parameter_use import Role

DRAWS: Final = 50
"""Values drawn of each parameter: what one in twenty draws does is found in 92 of 100 checks, what all do, always."""
_INPUT_ERROR_INFO: Final = 160_000  # pg_input_error_info is new in PostgreSQL 16
_STORED: Final = (Role.INSERTED, Role.SET)


def check_operations(
    conn: Connection,
    workload: Workload,
    *,
    mix: Mapping[str, float],
    samples: Samples | None = None,
    seed: int = 0,
) -> None:
    """Prepare each statement of the operations that `mix` runs, and try values of their parameters on the server.

    SpecError names the first that the server refuses. Operations of other versions may need the migration first and are
    not looked at. Without `samples` no values are tried.
    """
    for operation in workload.running(mix):
        uses = [
            use
            for number, statement in enumerate(operation.statements)
            for use in _prepare(conn, operation, number, statement, workload.path)
        ]
        if samples is not None and operation.parameters:
            _try(conn, operation, uses, samples=samples, seed=seed, path=workload.path)


@dataclass(frozen=True, slots=True)
class _Use:
    """The server takes `name` for a value of `type_oid`, which it stores in "table.column" (a pair, or None)."""

    name: str
    type_oid: int
    stored: tuple[str, str] | None


def _prepare(conn: Connection, operation: Operation, number: int, statement: Statement, path: str) -> Sequence[_Use]:
    if statement.textual:
        return ()  # only its own execution would tell
    result = conn.pgconn.prepare(b"", statement.text.encode())
    if result.status == pq.ExecStatus.COMMAND_OK:
        described = conn.pgconn.describe_prepared(b"")
        _check_row(operation, number, statement, described.nfields, path)
        stored = _stored(statement)
        return [_Use(name, described.param_type(i), stored.get(i + 1)) for i, name in enumerate(statement.names)]
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
    hint = (result.error_field(pq.DiagnosticField.MESSAGE_HINT) or b"").decode()
    raise SpecError(
        f"statement {number + 1} does not fit the schema: {redact_message(message, sqlstate=state)} ({state})",
        path=path,
        key=f"traffic.operation ({operation.name})",
        hint=_way_out(state, hint),
    )


def _check_row(operation: Operation, number: int, statement: Statement, columns: int, path: str) -> None:
    if statement.into and columns != len(statement.into):
        raise SpecError(
            f"statement {number + 1} returns {columns} columns, and `into` names {len(statement.into)} variables",
            path=path,
            key=f"traffic.operation ({operation.name})",
            hint="name one variable for each column",
        )


def _way_out(state: str, hint: str) -> str:
    if state in ("42P18", "42725", "42883"):
        return 'say the parameter\'s type, like :name::int, or set traffic.protocol = "simple"'
    return hint or 'an operation that needs the migration first has version = "new"'


def _stored(statement: Statement) -> dict[int, tuple[str, str]]:
    """The columns that parameters are stored in as they are."""
    try:
        uses = infer_parameters(statement.text)
    except InferenceError:
        return {}
    return {use.number: (use.table, use.column) for use in uses if use.role in _STORED and use.column and use.table}


def _try(
    conn: Connection, operation: Operation, uses: Sequence[_Use], *, samples: Samples, seed: int, path: str
) -> None:
    drawn = _draw(operation, samples=samples, seed=seed, path=path)
    known = [use for use in uses if use.name in drawn]
    for use in known:
        _check_null(conn, use, dict(operation.parameters)[use.name], samples, Need(path, operation.name, use.name))
    tried = [[value for value in drawn[use.name] if value is not None] for use in known]
    for place, state, message in _invalid(conn, [use.type_oid for use in known], tried):
        name = known[place].name
        raise Need(path, operation.name, name).error(
            f"a value drawn for :{name} does not fit its statement: "
            f"{redact_message(message, sqlstate=state)} ({state})",
            hint=f"the statement takes {_type_name(conn, known[place].type_oid)}; draw such values, or cast the "
            f"parameter, like :{name}::text::…",
        )


def _draw(operation: Operation, *, samples: Samples, seed: int, path: str) -> dict[str, list[str | None]]:
    """Some values of each parameter, drawn as the run will."""
    drawn: dict[str, list[str | None]] = {name: [] for name, _ in operation.parameters}
    random = Random(f"check {seed} {operation.name}")  # noqa: S311 - traffic is repeatable, not secret
    name = operation.parameters[0][0]
    try:
        draws = compile_parameters(operation.parameters, sources=check_sources(operation, samples, seed=seed))
        for _ in range(DRAWS):
            for name, draw in draws:
                drawn[name].append(draw(random))
    except ExpressionError as error:
        hint = "expr() computes with numbers and booleans, as pgbench does"
        raise Need(path, operation.name, name).error(f"expr() fails: {error}", hint=hint) from error
    except (ValueError, TypeError) as error:
        raise Need(path, operation.name, name).error(str(error), hint="see docs/traffic.md, Parameters") from error
    return drawn


def check_sources(operation: Operation, samples: Samples, *, seed: int) -> Sources:
    """What the check draws from: all that the run does, but nothing was inserted yet."""
    faker = None
    if needs_faker([parameter for _, parameter in operation.parameters]):
        from faker import Faker  # imported where asked for: it takes a third of a second

        faker = Faker()
        faker.seed_instance(seed)
    return Sources(samples, lambda: datetime.now(tz=UTC).isoformat(), faker, seed=seed)


def _check_null(conn: Connection, use: _Use, parameter: Parameter, samples: Samples, need: Need) -> None:
    if use.stored is None or not _may_be_null(parameter, samples):
        return
    table, column = use.stored
    row = conn.execute(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s", [table, column]
    ).fetchone()
    if row is not None and row[0]:
        raise need.error(
            f":{use.name} may be NULL, and {table}.{column} takes none",
            hint="leave out null(), use sample() instead of stats(), or load rows where inserted() finds none",
        )


def _may_be_null(parameter: Parameter, samples: Samples) -> bool:
    match parameter:
        case Nullable(share, other):
            return share > 0 or _may_be_null(other, samples)
        case FromStatistics(source):
            return may_be_null(samples.statistics[source])
        case Inserted(source):
            return not samples.columns[source]
        case _:
            return False


def _invalid(conn: Connection, types: Sequence[int], tried: Sequence[Sequence[str]]) -> Iterator[tuple[int, str, str]]:
    """Place, SQLSTATE and message of the first value that the server refuses, of each list that has one."""
    if conn.info.server_version >= _INPUT_ERROR_INFO:
        flat = [(place, types[place], text) for place, texts in enumerate(tried) for text in texts]
        uses, oids, texts = ([row[i] for row in flat] for i in range(3))
        yield from conn.execute(query("invalid_values"), {"uses": uses, "types": oids, "texts": texts})
    else:
        yield from _refused_casts(conn, types, tried)


def _refused_casts(
    conn: Connection, types: Sequence[int], tried: Sequence[Sequence[str]]
) -> Iterator[tuple[int, str, str]]:
    """The same before PostgreSQL 16: a cast of each list, in a transaction of its own that an error rolls back."""
    for place, (oid, values) in enumerate(zip(types, tried, strict=True)):
        cast = sql.SQL("SELECT count(text::{}) FROM unnest(%s::text[]) AS text").format(sql.SQL(_type_name(conn, oid)))
        try:
            with conn.transaction():
                conn.execute(cast, [list(values)])
        except psycopg.Error as error:
            yield place, error.sqlstate or "", error.diag.message_primary or ""


def _type_name(conn: Connection, oid: int) -> str:
    row = conn.execute("SELECT format_type(%s, -1)", [oid]).fetchone()
    return str(row[0]) if row else "?"
