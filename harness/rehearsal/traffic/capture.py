"""What becomes of the rows that statements return: keys for the ledger, values for variables."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from psycopg.pq.abc import PGresult

from harness.rehearsal.traffic.ledger import Key
from harness.rehearsal.traffic.session import ServerError
from harness.rehearsal.traffic.statement import CompiledStatement, Followed, Variables
from harness.spec.pgbench.commands import VARIABLE
from harness.spec.pgbench.nodes import Capture
from harness.spec.targets import LedgerAction

NO_ROW: Final = "P0002"
"""A statement that must return one row found none; PostgreSQL's own no_data_found."""
MANY_ROWS: Final = "P0003"
"""It found several rows; PostgreSQL's own too_many_rows."""
BAD_NAME: Final = "42602"
"""\\gset or \\aset met a column whose name no variable can have; PostgreSQL's own invalid_name."""
BAD_COUNT: Final = "42804"
"""`into` names more or fewer variables than the row has columns; PL/pgSQL's own datatype_mismatch for that."""
Written: TypeAlias = tuple[LedgerAction, str, list[Key]]
"""Rows of one statement that are written and perhaps not yet committed."""


def rows_written(followed: Followed, result: PGresult) -> Written:
    """The keys that a followed statement returned."""
    return followed.action, followed.relation, [_row(result, row) for row in range(result.ntuples)]


def capture(statement: CompiledStatement, variables: Variables, results: list[PGresult]) -> ServerError | None:
    """Set variables from rows: \\gset and `into` want one row of the last result, \\aset takes the last row of each.

    NULL becomes "" for pgbench's own commands, as there, and stays NULL for `into`. The error where rows or columns are
    not those that were expected.
    """
    if statement.capture is not Capture.ASET and results[-1].ntuples != 1:
        rows = results[-1].ntuples
        word = "into" if statement.into else "\\gset"
        return ServerError(MANY_ROWS if rows else NO_ROW, f"{word} expected one row, got {rows}")
    if statement.capture is Capture.INTO:
        return _into(statement.into, variables, results[-1])
    for result in results if statement.capture is Capture.ASET else results[-1:]:
        if result.ntuples:
            for column, value in enumerate(_row(result, result.ntuples - 1)):
                name = statement.prefix + (result.fname(column) or b"").decode()
                if VARIABLE.fullmatch(name) is None:
                    return ServerError(BAD_NAME, "a column's name is not a variable's name")
                variables[name] = value
    return None


def _into(names: Sequence[str], variables: Variables, result: PGresult) -> ServerError | None:
    if result.nfields != len(names):
        return ServerError(BAD_COUNT, f"into names {len(names)} variables, the row has {result.nfields} columns")
    for column, name in enumerate(names):
        value = result.get_value(0, column)
        variables[name] = None if value is None else value.decode()
    return None


def _row(result: PGresult, row: int) -> Key:
    return tuple((result.get_value(row, column) or b"").decode() for column in range(result.nfields))
