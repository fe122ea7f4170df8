"""Data changes in batches, by the table's own key, each batch committed."""

from collections.abc import Sequence
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.remedy.steps import Known, Piece, Way, because
from harness.analysis.remedy.tree import deparse, first_node, ident, name_of
from harness.events.tables import TableSeen

BATCH_ROWS = 5000
"""Rows a batch: short enough that a waiter sees some milliseconds, long enough that commits do not dominate."""

_VOLATILE = frozenset({"random", "gen_random_uuid", "uuid_generate_v4", "nextval", "clock_timestamp", "timeofday"})
"""Functions whose value is another one every time, so that a second run over a done row changes it again."""
_KINDS = ("update_stmt", "delete_stmt")


def batches(statement: StatementFacts, facts: Facts) -> str:
    """A data change in batches, each its own transaction, as text to paste."""
    way = batched(statement.sql, Known(work=statement.work, tables=facts.tables))
    return way.text or (
        f"-- change at most {BATCH_ROWS:,} rows in a transaction, commit, and go on with the next\n"
        "-- until no row is left; never in one transaction with DDL"
    )


def batched(sql: str, known: Known) -> Way:
    """UPDATE or DELETE as a block that goes through the table by its primary key and commits each batch.

    Rows that come meanwhile are left to the application, as they are by the one statement.
    """
    node = first_node(sql)
    kind = node.WhichOneof("node") if node is not None else None
    if node is None or kind not in _KINDS:
        return Way()
    change = getattr(node, kind)
    table = name_of(change.relation)
    shape = known.table(table)
    if change.HasField("returning_clause"):
        return Way(words=f"in batches of {BATCH_ROWS:,} rows of {table}", why="its RETURNING goes to somebody")
    key = shape.primary_key if shape else ()
    if not key:
        return _without_key(change, kind, table, shape)
    way = Way(pieces=(_piece(_by_key(change, kind, table, key)),))
    touched = {item.res_target.name for item in change.target_list} if kind == "update_stmt" else set()
    if touched.intersection(key):
        return because(way, f"it changes the key of {table}, by which batches are made")
    if kind == "update_stmt" and not _repeatable(change):
        return because(way, "a second run over a row that is done would change it again: run it once, note where it is")
    return way


def _piece(sql: str) -> Piece:
    above = f"{BATCH_ROWS:,} rows a transaction, by key; pause between them where replicas lag"
    return Piece(sql=sql, above=above, outside=True)


def _by_key(change: Any, kind: str, table: str, key: Sequence[str]) -> str:
    alias = ident(change.relation.alias.aliasname) if change.relation.HasField("alias") else table
    columns = [ident(name) for name in key]
    own, listed = _row([f"{alias}.{c}" for c in columns]), ", ".join(columns)
    starts, ends, lasts = ([f"_{what}_{n}" for n in range(1, len(key) + 1)] for what in ("from", "to", "last"))
    declared = "\n".join(
        f"  {', '.join(names)} {table}.{column}%TYPE;".replace(", ", f" {table}.{column}%TYPE; ")
        for column, *names in zip(columns, starts, ends, lasts, strict=True)
    )
    bounds = f"{own} >= {_row(starts)} AND {own} <= {_row(ends)}"
    down = ", ".join(f"{c} DESC" for c in columns)
    into, to, last = ", ".join(starts), ", ".join(ends), ", ".join(lasts)
    keys = _row(columns)
    return f"""DO $batches$
DECLARE
{declared}
BEGIN
  SELECT {listed} INTO {into} FROM {table} ORDER BY {listed} LIMIT 1;
  SELECT {listed} INTO {last} FROM {table} ORDER BY {down} LIMIT 1;
  WHILE {_row(starts)} <= {_row(lasts)} LOOP
    SELECT {listed} INTO {to} FROM (
      SELECT {listed} FROM {table} WHERE {keys} >= {_row(starts)} AND {keys} <= {_row(lasts)}
      ORDER BY {listed} LIMIT {BATCH_ROWS}) AS batch ORDER BY {down} LIMIT 1;
    {_bounded(change, kind, bounds)};
    COMMIT;
    SELECT {listed} INTO {into} FROM {table} WHERE {keys} > {_row(ends)} ORDER BY {listed} LIMIT 1;
  END LOOP;
END $batches$"""


def _bounded(change: Any, kind: str, bounds: str) -> str:
    """The statement itself, with the batch's bounds in its condition."""
    copy = type(change)()
    copy.CopyFrom(change)
    limit = first_node(f"SELECT 1 WHERE {bounds}").select_stmt.where_clause
    if copy.HasField("where_clause"):
        both = pb.BoolExpr(boolop=pb.AND_EXPR, args=[limit, copy.where_clause])
        copy.where_clause.CopyFrom(pb.Node(bool_expr=both))
    else:
        copy.where_clause.CopyFrom(limit)
    return deparse(**{kind: copy})


def _row(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _without_key(change: Any, kind: str, table: str, shape: TableSeen | None) -> Way:
    """Without a key: by place in the file, again and again until nothing is left to do. Only a DELETE ends so."""
    plain = not (change.using_clause if kind == "delete_stmt" else change.from_clause)
    if kind == "update_stmt" or not plain or (shape is not None and shape.kind == "p"):
        words = f"the same for at most {BATCH_ROWS:,} rows of {table} by key range at a time, each batch committed"
        return Way(words=words, why=f"no primary key of {table} is known to make batches by")
    where = _where(change)
    chosen = f"SELECT ctid FROM {table}{where} LIMIT {BATCH_ROWS}"
    block = f"""DO $batches$
DECLARE
  _done bigint;
BEGIN
  LOOP
    DELETE FROM {table} WHERE ctid = ANY (ARRAY({chosen}));
    GET DIAGNOSTICS _done = ROW_COUNT;
    COMMIT;
    EXIT WHEN _done = 0;
  END LOOP;
END $batches$"""
    piece = Piece(sql=block, above=f"{BATCH_ROWS:,} rows a transaction until none is left", outside=True)
    alias = change.relation.HasField("alias")
    why = "the statement names its table by an alias" if alias else ""
    return Way(pieces=(piece,), why=why)


def _where(change: Any) -> str:
    if not change.HasField("where_clause"):
        return ""
    select = first_node("SELECT 1 WHERE true").select_stmt
    select.where_clause.CopyFrom(change.where_clause)
    return " WHERE " + deparse(select_stmt=select).partition(" WHERE ")[2]


def _repeatable(change: Any) -> bool:
    """Whether a second run over a done row leaves it so: no value depends on its own column or on chance."""
    targets = [item.res_target for item in change.target_list]
    names = {target.name for target in targets}
    own = {change.relation.alias.aliasname or change.relation.relname, ""}
    for target in targets:
        refs = [ref.fields for ref in postgast.find_nodes(target.val, pb.ColumnRef) if ref.fields]
        columns = (f[-1].string.sval for f in refs if (f[-2].string.sval if len(f) > 1 else "") in own)
        calls = (call.funcname[-1].string.sval for call in postgast.find_nodes(target.val, pb.FuncCall))
        if names.intersection(columns) or _VOLATILE.intersection(calls):
            return False
    return True


def is_volatile(expression: Any) -> bool:
    """Whether an expression's value is another one every time."""
    return any(c.funcname[-1].string.sval in _VOLATILE for c in postgast.find_nodes(expression, pb.FuncCall))
