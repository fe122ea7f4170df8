"""Whether statements are planned alike on two databases: the shape of their plans, without costs or values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.postgres.connect import Connection

_NAME: Final = sql.Identifier("rehearse_plan")
_KEPT: Final = ("Node Type", "Strategy", "Join Type", "Relation Name", "Index Name", "Scan Direction")


@dataclass(frozen=True, slots=True)
class PlanComparison:
    """A statement's plan on both sides, a line a node, indented; "" and the SQLSTATE where there is none."""

    name: str
    before: str
    after: str
    before_error: str = ""
    after_error: str = ""

    @property
    def same(self) -> bool:
        """Whether both were planned, and alike."""
        return bool(self.before) and self.before == self.after


def compare_plans(before: Connection, after: Connection, statements: Mapping[str, str]) -> tuple[PlanComparison, ...]:
    """Plan each statement (by name; parameters as $1, $2) on both connections; nothing is executed.

    Generic plans, so that no value has to be known: those that PostgreSQL itself makes for prepared statements.
    """
    found = []
    for name, text in statements.items():
        first, first_error = _shape(before, text)
        second, second_error = _shape(after, text)
        found.append(PlanComparison(name, first, second, first_error, second_error))
    return tuple(found)


def _shape(conn: Connection, text: str) -> tuple[str, str]:
    try:
        with conn.transaction(force_rollback=True):
            conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            # Comments at its end must not swallow what follows.
            conn.execute(sql.SQL("PREPARE {} AS ").format(_NAME) + sql.SQL(_text(text)))
            try:
                return "\n".join(_lines(_explain(conn), 0)), ""
            finally:
                if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                    conn.execute(sql.SQL("DEALLOCATE {}").format(_NAME))
    except psycopg.Error as error:
        return "", error.sqlstate or "error"


def _text(text: str) -> Any:
    return text.rstrip().rstrip(";")


def _explain(conn: Connection) -> dict[str, Any]:
    row = conn.execute(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'rehearse_plan'"
    ).fetchone()
    nulls = sql.SQL(", ").join([sql.NULL] * int(row[0] if row else 0))
    call = sql.SQL("{}({})").format(_NAME, nulls) if row and row[0] else _NAME
    found = conn.execute(sql.SQL("EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE {}").format(call)).fetchone()
    plan: dict[str, Any] = found[0][0]["Plan"] if found else {}
    return plan


def _lines(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    yield "  " * depth + " ".join(str(node[key]) for key in _KEPT if key in node)
    for child in node.get("Plans", ()):
        yield from _lines(child, depth + 1)
