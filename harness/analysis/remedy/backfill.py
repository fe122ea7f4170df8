"""Data changes in batches."""

from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from harness.analysis.facts import StatementFacts
from harness.analysis.remedy.tree import expression, first_node, ident, name_of

BATCH_ROWS = 5000
"""Rows a batch: short enough that a waiter sees some milliseconds, long enough that commits do not dominate."""

_VOLATILE = frozenset({"random", "gen_random_uuid", "uuid_generate_v4", "nextval", "clock_timestamp", "timeofday"})
"""Functions whose value is another one every time, so that "not done yet" cannot be asked with them."""


def batches(statement: StatementFacts) -> str:
    """A data change in batches, each its own transaction."""
    node = first_node(statement.sql)
    kind = node.WhichOneof("node") if node is not None else None
    if kind not in ("update_stmt", "delete_stmt") or node is None:
        return (
            f"-- change at most {BATCH_ROWS:,} rows in a transaction, commit, and go on with the next\n"
            "-- until no row is left; never in one transaction with DDL"
        )
    return _batched(getattr(node, kind), delete=kind == "delete_stmt")


def _batched(node: Any, *, delete: bool) -> str:
    table = name_of(node.relation)
    where = expression(node.where_clause) if node.HasField("where_clause") else ""
    if delete:
        return _by_key(table) if node.using_clause else _delete(table, where)
    targets = [item.res_target for item in node.target_list if item.res_target.HasField("val")]
    return _update(table, where, targets) if not node.from_clause and _repeatable(targets) else _by_key(table)


def _by_key(table: str) -> str:
    return f"-- the same, for at most {BATCH_ROWS:,} rows of {table} by key range at a time, each batch committed"


def _delete(table: str, where: str) -> str:
    condition = f" WHERE {where}" if where else ""
    chosen = f"SELECT ctid FROM {table}{condition} LIMIT {BATCH_ROWS}"  # noqa: S608 - shown to people, never executed
    return (
        "-- repeat until no row is deleted, each in a transaction of its own\n"
        f"DELETE FROM {table} WHERE ctid = ANY (ARRAY({chosen}));"
    )


def _update(table: str, where: str, targets: list[Any]) -> str:
    undone = " OR ".join(f"{ident(t.name)} IS DISTINCT FROM {expression(t.val)}" for t in targets)
    condition = f"({where}) AND ({undone})" if where else undone
    assigned = ", ".join(f"{ident(t.name)} = {expression(t.val)}" for t in targets)
    chosen = f"SELECT ctid FROM {table} WHERE {condition} LIMIT {BATCH_ROWS}"  # noqa: S608 - shown, never executed
    return (
        "-- repeat until no row is updated, each in a transaction of its own\n"
        f"UPDATE {table} SET {assigned} WHERE ctid = ANY (ARRAY({chosen}));"
    )


def _repeatable(targets: list[Any]) -> bool:
    """Whether a second run over a done row finds nothing to do: no value depends on its own column or on chance."""
    names = {target.name for target in targets}
    for target in targets:
        columns = (ref.fields[-1].string.sval for ref in postgast.find_nodes(target.val, pb.ColumnRef) if ref.fields)
        calls = (call.funcname[-1].string.sval for call in postgast.find_nodes(target.val, pb.FuncCall))
        if names.intersection(columns) or _VOLATILE.intersection(calls):
            return False
    return True
