"""Invariants: queries that must answer 0."""

from pathlib import Path

import postgast
import psycopg

from harness.events.verification import InvariantChecked
from harness.model.clock import Clock
from harness.model.errors import SpecError
from harness.model.words import Pass
from harness.postgres.connect import Connection
from harness.spec.scenario import InvariantSpec

AFTER_ROLLBACK = "after rollback"
"""The moment after the way back, at which invariants with `when` = "rollback" are due too."""
_WHEN = {AFTER_ROLLBACK: "rollback"}


def check_invariants(
    conn: Connection,
    specs: tuple[InvariantSpec, ...],
    *,
    folder: Path,
    pass_: Pass,
    moment: str,
    clock: Clock,
    due: str = "",
) -> tuple[InvariantChecked, ...]:
    """Run those invariants whose `when` is "always" or names `moment` ("end", "after:<phase>"), or `due` where given.

    Statements of an invariant run on `conn`, one after another, and are rolled back.
    """
    when = due or _WHEN.get(moment, moment)
    chosen = [spec for spec in specs if spec.when in ("always", when)]
    return tuple(_check(conn, spec, folder=folder, pass_=pass_, moment=moment, clock=clock) for spec in chosen)


def _check(
    conn: Connection, spec: InvariantSpec, *, folder: Path, pass_: Pass, moment: str, clock: Clock
) -> InvariantChecked:
    violations, sqlstate = None, ""
    try:
        violations = _violations(conn, spec, folder=folder)
    except psycopg.Error as error:
        sqlstate = error.sqlstate or "XX000"
    return InvariantChecked(
        at_ns=clock.now_ns(), pass_=pass_, name=spec.name, moment=moment, violations=violations, sqlstate=sqlstate
    )


def _violations(conn: Connection, spec: InvariantSpec, *, folder: Path) -> int:
    """The number that the last statement answers; everything it did is rolled back."""
    statements = postgast.split(_text(spec, folder=folder))
    with conn.transaction(force_rollback=True):
        for statement in statements[:-1]:
            conn.execute(statement.encode())
        row = conn.execute(statements[-1].encode()).fetchone()
    if row is None or not isinstance(row[0], int):
        raise SpecError(
            "the query must answer one row with one whole number, the count of violations",
            path=folder,
            key=f"invariant {spec.name!r}",
            hint="write it as SELECT count(*) FROM … WHERE <what must not be>",
        )
    return row[0]


def _text(spec: InvariantSpec, *, folder: Path) -> str:
    return (folder / spec.file).read_text(encoding="utf-8") if spec.file else spec.sql
