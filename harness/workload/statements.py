"""pg_stat_statements to a workload: an operation a statement, as often as it was called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import postgast

from harness.model.units import NS_PER_S
from harness.postgres.connect import Connection
from harness.spec.placeholders import Piece, named_sql, pieces
from harness.spec.scenario import OperationSpec
from harness.spec.targets import StatementSyntaxError, find_targets
from harness.workload.catalog import Catalog
from harness.workload.derived import Coverage, Derived, Expectation, Uncovered
from harness.workload.describe import RefusedStatementError, describe_parameters
from harness.workload.inference import InferenceError, infer_parameters
from harness.workload.prove import prove
from harness.workload.ranges import fit_ranges
from harness.workload.sources import Filled, NoSourceError, Statement, fill, squashed_parameters
from harness.workload.statements_file import RecordedStatement, RecordedStatements
from harness.workload.trial import Runner

SOURCE: Final = "from_statements"
"""Name of the source in events."""
_MOST: Final = 900  # operations; the workload takes 1,000, hand-written ones included
_LEAST_WEIGHT: Final = 1e-6
_NUMBERED: Final = re.compile(r"\$(\d+)")
# What the parser of pg_stat_statements' own making leaves: a constant of a type whose literal became a parameter.
_TYPED: Final = re.compile(r"\b(interval|date|timestamptz|timestamp|time)\s+(\$\d+)", re.IGNORECASE)
_NODES: Final = {
    "SelectStmt": "read",
    "InsertStmt": "insert into",
    "UpdateStmt": "update",
    "DeleteStmt": "delete from",
    "MergeStmt": "merge into",
}


@dataclass(frozen=True, slots=True)
class Database:
    """What is known of the database that the statements are for; nothing of it is needed, everything helps."""

    catalog: Catalog | None = None
    connection: Connection | None = None
    runner: Runner | None = None


def derive_from_statements(
    recorded: RecordedStatements, database: Database, *, name: str, window_ns: int | None = None
) -> Derived:
    """An operation for each statement that has a source for every parameter, and that runs, where there is a database.

    `window_ns` is how long the source counted, where the file does not say; without it there is no rate.
    """
    found = list(_convert_all(recorded.statements, database))
    kept = [one for one in found if one.operation]
    reasons = [
        Uncovered(one.recorded.query, one.recorded.calls, one.recorded.time_ns, one.reason)
        for one in found
        if one.operation is None
    ]
    calls = sum(one.recorded.calls for one in kept)
    total = sum(one.calls for one in recorded.statements)
    weighed = tuple(_weighed(one.operation, one.recorded.calls, calls) for one in kept if one.operation)
    coverage = Coverage(
        source=f"pg_stat_statements ({name})",
        calls=total,
        covered_calls=calls,
        time_ns=sum(one.time_ns for one in recorded.statements),
        covered_time_ns=sum(one.recorded.time_ns for one in kept),
        uncovered=tuple(reasons),
    )
    window = recorded.window_ns() if window_ns is None else window_ns
    rate = calls / window * NS_PER_S if window else None
    expected = tuple(_expectation(one) for one in kept)
    derived = Derived(weighed, rate, coverage, expected, _notes(recorded, database, rate))
    return derived if database.runner is None else prove(derived, database.runner)


@dataclass(slots=True)
class _Converted:
    """A statement with its operation, or why it has none."""

    recorded: RecordedStatement
    operation: OperationSpec | None = None
    reason: str = ""
    name: str = field(default="")


def _convert_all(statements: Sequence[RecordedStatement], database: Database) -> Iterator[_Converted]:
    taken: dict[str, int] = {}
    made = 0
    for recorded in statements:
        if recorded.calls < 1:
            continue
        converted = _Converted(recorded)
        if made == _MOST:
            converted.reason = f"it comes after the {_MOST} statements that took the most time"
        else:
            try:
                operation = _convert(recorded, database)
            except _NotCovered as refusal:
                converted.reason = str(refusal)
            else:
                made += 1
                taken[operation.name] = number = taken.get(operation.name, 0) + 1
                converted.name = operation.name if number == 1 else f"{operation.name} #{number}"
                converted.operation = _named(operation, converted.name)
        yield converted


class _NotCovered(Exception):  # noqa: N818 - no error: what cannot be covered is told
    """Why a statement has no operation."""


def _convert(recorded: RecordedStatement, database: Database) -> OperationSpec:
    sql = _castable(recorded.query.strip().rstrip(";"))
    name = _describe(sql)
    numbers = [int(n) for kind, piece in pieces(sql) if kind is Piece.CODE for n in _NUMBERED.findall(piece)]
    types: Mapping[int, str] = {}
    try:
        uses = infer_parameters(sql, database.catalog)
        if database.connection is not None:
            types = describe_parameters(database.connection, sql)
        rows = recorded.rows / recorded.calls
        statement = Statement(uses, rows, types, squashed_parameters(sql, numbers), name.startswith("delete"))
        filled = fill(statement, database.catalog)
        if database.catalog is not None and database.connection is not None:
            filled = fit_ranges(
                sql, filled, uses=uses, rows=rows, catalog=database.catalog, connection=database.connection
            )
    except (InferenceError, NoSourceError, RefusedStatementError) as error:
        raise _NotCovered(str(error)) from None
    text = _filled(sql, filled)
    params: dict[str, str | int | float] = {key: value for one in filled.values() for key, value in one.params.items()}
    if set(named_sql(text).names) != set(params):
        raise _NotCovered("it has colons that look like parameters")
    return OperationSpec(name=name, sql=text, params=params)


def _describe(sql: str) -> str:
    """A name for the operation: what it does to which relation."""
    if not sql or sql.startswith("<insufficient privilege>"):
        raise _NotCovered("its text is hidden: export as a role of pg_read_all_stats")
    try:
        targets = find_targets(sql)
        tree = postgast.parse(sql)
    except StatementSyntaxError as error:
        raise _NotCovered(f"its text is cut off, or no SQL: {error}") from None
    if targets.control:
        raise _NotCovered("BEGIN and COMMIT: each operation is a transaction of its own")
    if len(tree.stmts) != 1:
        raise _NotCovered("it is several statements")
    verb = _NODES.get(type(postgast.unwrap_node(tree.stmts[0].stmt)).__name__)
    if verb is None:
        raise _NotCovered("a utility statement: no part of the application's own transactions")
    relations = targets.writes or targets.reads
    return f"{verb} {', '.join(relations[:3]) or 'nothing'}"


def _castable(sql: str) -> str:
    """`sql` with `interval $1`, which only the recorder can read, as `$1::interval`."""
    parts = [_TYPED.sub(r"\2::\1", piece) if kind is Piece.CODE else piece for kind, piece in pieces(sql)]
    return "".join(parts)


def _filled(sql: str, filled: Mapping[int, Filled]) -> str:
    def put(match: re.Match[str]) -> str:
        return filled[int(match[1])].text

    return "".join(_NUMBERED.sub(put, piece) if kind is Piece.CODE else piece for kind, piece in pieces(sql))


def _named(operation: OperationSpec, name: str) -> OperationSpec:
    return OperationSpec(name=name, sql=operation.sql, params=operation.params)


def _weighed(operation: OperationSpec, calls: int, total: int) -> OperationSpec:
    weight = max(_LEAST_WEIGHT, float(f"{1000 * calls / total:.6g}"))
    return OperationSpec(name=operation.name, weight=weight, sql=operation.sql, params=operation.params)


def _expectation(one: _Converted) -> Expectation:
    calls = one.recorded.calls
    return Expectation(one.name, 0, calls, one.recorded.rows / calls, one.recorded.time_ns / calls)


def _notes(recorded: RecordedStatements, database: Database, rate: float | None) -> tuple[str, ...]:
    notes = ["Each statement is an operation of its own: pg_stat_statements does not say which were one transaction."]
    if recorded.nested:
        notes.append(f"{recorded.nested} statements ran inside of functions; their callers stand for them.")
    if database.catalog is None:
        notes.append("No database was given: parameters are guessed from the text alone, and nothing was tried.")
    if rate is None:
        notes.append("The export does not say how long it counted, so the rate is not known: give --window or --since.")
    return tuple(notes)
