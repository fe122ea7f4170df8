"""Before traffic: values sampled from the clone, and a check that every operation fits the schema it starts on."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from random import Random
from typing import Final, LiteralString

import psycopg
from psycopg import pq, sql

from harness.model.errors import SpecError
from harness.model.redaction import redact_message
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.ledger import resolve
from harness.spec.params import SampleColumn, Samples
from harness.spec.workload import Operation, SampleNeed, Statement, Workload

SAMPLE_SIZE: Final = 10_000
"""Values kept of a column: enough that a hot page is not an artefact, 1 MB of memory at 100 bytes each."""
_WHOLE_TABLE: Final = 200_000  # rows; below it, reading all of them takes under a second
_SPARE: Final = 1.5  # pages differ in rows; half as many again makes too few unlikely
_BY_PAGE: Final = 5_000_000  # rows; above it, BERNOULLI's full scan takes seconds and SYSTEM reads sampled pages only
_TABLES: Final = ("r", "p", "m")  # relkinds that TABLESAMPLE takes


def load_samples(conn: Connection, workload: Workload, *, seed: int, limit: int = SAMPLE_SIZE) -> Samples:
    """Up to `limit` values, as text, of every column the workload samples; the same seed and data give the same.

    A column is sampled row by row, so a value that many rows have is drawn as often; the order is random, so that
    zipf()'s hot values lie anywhere. SpecError names operation and parameter where the table, the column or every value
    is missing; that holds for operations of every version, because values are taken before the migration.
    """
    samples: dict[SampleColumn, Sequence[str]] = {}
    for need in workload.sample_needs:
        if need.source not in samples:
            samples[need.source] = _load(conn, need, path=workload.path, seed=seed, limit=limit)
    return samples


def _load(conn: Connection, need: SampleNeed, *, path: str, seed: int, limit: int) -> Sequence[str]:
    kind, rows = _relation(conn, need, path)
    column = sql.Identifier(need.source.column)
    relation = _identifier(need.source.table)
    select = sql.SQL("SELECT {column}::text FROM {relation} {sampled} WHERE {column} IS NOT NULL LIMIT {most}")
    sampled = _tablesample(kind, rows, seed=seed, limit=limit)
    values: list[str] = []
    for sampling in (sampled, sql.SQL("")):  # a column that is nearly all NULL may have no value in the sample
        if not values:
            query = select.format(column=column, relation=relation, sampled=sampling, most=_WHOLE_TABLE)
            values = sorted(row[0] for row in conn.execute(query))
    if not values:
        raise _missing(
            need, path, f"{need.source} has no values", "load rows into the snapshot, or use int(), uuid(), …"
        )
    random = Random(f"{seed} {need.source}")  # noqa: S311 - traffic is repeatable, not secret
    random.shuffle(values)
    return tuple(values[:limit])


def _relation(conn: Connection, need: SampleNeed, path: str) -> tuple[str, float]:
    """Kind and rows of the sampled relation."""
    try:
        row = conn.execute(
            _query("sample_size"), {"relation": need.source.table, "column": need.source.column}
        ).fetchone()
    except psycopg.errors.SyntaxError:  # to_regclass wants an identifier
        row = None
    if row is None:
        names: dict[str, str] = dict(
            conn.execute("SELECT relname, quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')")
        )
        raise _missing(need, path, f"there is no table {need.source.table}", _nearest(need.source.table, names))
    kind, rows, has_column = row
    if not has_column:
        names = dict(
            conn.execute(
                "SELECT attname, quote_ident(attname) FROM pg_attribute"
                " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
                [need.source.table],
            )
        )
        hint = _nearest(need.source.column, names)
        raise _missing(need, path, f"{need.source.table} has no column {need.source.column}", hint)
    if rows < 0 and kind in _TABLES:
        counted = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(_identifier(need.source.table))).fetchone()
        rows = float(counted[0]) if counted else 0.0
    return kind, rows


def _tablesample(kind: str, rows: float, *, seed: int, limit: int) -> sql.Composable:
    if kind not in _TABLES or rows <= max(_WHOLE_TABLE, limit):
        return sql.SQL("")
    method = sql.SQL("SYSTEM" if rows > _BY_PAGE else "BERNOULLI")
    percent = sql.Literal(min(100.0, 100.0 * _SPARE * limit / rows))
    return sql.SQL("TABLESAMPLE {} ({}) REPEATABLE ({})").format(method, percent, sql.Literal(seed))


def _identifier(table: str) -> sql.Composable:
    """The relation as the scenario writes it: parts are quoted there or folded to lower case here, as SQL does."""
    parts = [part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in _parts(table)]
    return sql.Identifier(*parts)


def _parts(table: str) -> list[str]:
    parts, quoted = [""], False
    for character in table:
        quoted ^= character == '"'
        if character == "." and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _missing(need: SampleNeed, path: str, message: str, hint: str) -> SpecError:
    return SpecError(message, path=path, key=f"traffic.operation ({need.operation}).params.{need.parameter}", hint=hint)


def _nearest(name: str, names: Mapping[str, str]) -> str:
    """A hint; `names` are those that exist, each with how SQL writes it, quotes and all."""
    folded = {known.lower(): written for known, written in names.items()}
    near = get_close_matches(name.rpartition(".")[2].strip('"').lower(), folded, n=1)
    return f"did you mean {folded[near[0]]}?" if near else "values are taken before the migration: it must exist there"


def check_operations(conn: Connection, workload: Workload, *, mix: Mapping[str, float]) -> None:
    """Prepare each statement of the operations that `mix` runs; SpecError names the first that the server refuses.

    Operations of other versions may need the migration first and are not looked at.
    """
    for operation in workload.running(mix):
        for number, statement in enumerate(operation.statements):
            _prepare(conn, operation, number, statement, workload.path)


def _prepare(conn: Connection, operation: Operation, number: int, statement: Statement, path: str) -> None:
    if statement.textual:
        return  # only its own execution would tell
    result = conn.pgconn.prepare(b"", statement.text.encode())
    if result.status == pq.ExecStatus.COMMAND_OK:
        return
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
    hint = (result.error_field(pq.DiagnosticField.MESSAGE_HINT) or b"").decode()
    raise SpecError(
        f"statement {number + 1} does not fit the schema: {redact_message(message, sqlstate=state)} ({state})",
        path=path,
        key=f"traffic.operation ({operation.name})",
        hint=_way_out(state, hint),
    )


def _way_out(state: str, hint: str) -> str:
    if state in ("42P18", "42725", "42883"):
        return 'say the parameter\'s type, like :name::int, or set traffic.protocol = "simple"'
    return hint or 'an operation that needs the migration first has version = "new"'


def ledger_keys(conn: Connection, workload: Workload) -> dict[str, tuple[str, ...]]:
    """Primary key columns, by "schema.table", of the tables that the ledger can follow."""
    followed = {s.ledger.relation for o in workload.operations for s in o.statements if s.ledger}
    keys = {f"{schema}.{table}": tuple(columns) for schema, table, columns in conn.execute(_query("primary_keys"))}
    wanted = {resolve(relation, keys) for relation in followed}
    return {relation: columns for relation, columns in keys.items() if relation in wanted}


def _query(name: str) -> LiteralString:
    # Files of this package are as trustworthy as literals in its code.
    text: LiteralString = files("harness.rehearsal.traffic").joinpath("queries", f"{name}.sql").read_text()
    return text
