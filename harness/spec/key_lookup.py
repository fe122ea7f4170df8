"""Statements that look one table's rows up by key: those that find none where the key does not exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import postgast

_KINDS: Final = ("SelectStmt", "UpdateStmt", "DeleteStmt")


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """The rows of `table` (parts as PostgreSQL has them, unquoted) where each of `columns` equals its `$number`."""

    table: tuple[str, ...]
    columns: tuple[tuple[str, int], ...]
    deletes: bool = False


def key_lookup(sql: str) -> KeyLookup | None:
    """What one SELECT, UPDATE or DELETE looks up; None where another condition, table or clause decides, too.

    >>> key_lookup("DELETE FROM items WHERE order_id = $1 AND line = $2::int")
    KeyLookup(table=('items',), columns=(('order_id', 1), ('line', 2)), deletes=True)
    """
    try:
        tree: Any = postgast.parse(sql)
    except postgast.PgQueryError:
        return None
    if len(tree.stmts) != 1:
        return None
    statement = postgast.unwrap_node(tree.stmts[0].stmt)
    relation = _only_relation(statement) if type(statement).__name__ in _KINDS else None
    if relation is None or not statement.HasField("where_clause"):
        return None
    columns = list(_conditions(postgast.unwrap_node(statement.where_clause)))
    if not columns or any(column is None for column in columns):
        return None
    table = tuple(part for part in (relation.schemaname, relation.relname) if part)
    found = tuple(column for column in columns if column is not None)
    return KeyLookup(table, found, deletes=type(statement).__name__ == "DeleteStmt")


def _only_relation(statement: Any) -> Any | None:
    if statement.HasField("with_clause"):
        return None
    if type(statement).__name__ == "SelectStmt":
        filtered = any(statement.HasField(name) for name in ("having_clause", "limit_offset"))
        skips = any(
            _named(postgast.unwrap_node(lock), "wait_policy") == "LockWaitSkip" for lock in statement.locking_clause
        )
        one = len(statement.from_clause) == 1 and not filtered and not skips
        source = postgast.unwrap_node(statement.from_clause[0]) if one else None
        return source if type(source).__name__ == "RangeVar" else None
    others = statement.from_clause if type(statement).__name__ == "UpdateStmt" else statement.using_clause
    return None if others else statement.relation


def _conditions(node: Any) -> Iterator[tuple[str, int] | None]:
    """Column and parameter of each equality; None for anything else."""
    if type(node).__name__ == "BoolExpr" and _named(node, "boolop") == "AND_EXPR":
        for inner in node.args:
            yield from _conditions(postgast.unwrap_node(inner))
    elif type(node).__name__ == "A_Expr" and _named(node, "kind") == "AEXPR_OP" and _operator(node) == "=":
        left, right = _bare(node.lexpr), _bare(node.rexpr)
        if type(left).__name__ == "ParamRef":
            left, right = right, left
        if type(left).__name__ == "ColumnRef" and type(right).__name__ == "ParamRef":
            yield str(postgast.unwrap_node(left.fields[-1]).sval), int(right.number)
        else:
            yield None
    else:
        yield None


def _named(node: Any, field: str) -> str:
    """The name of an enumeration's value."""
    return str(node.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(node, field)].name)


def _operator(node: Any) -> str:
    return str(postgast.unwrap_node(node.name[-1]).sval)


def _bare(node: Any) -> Any:
    node = postgast.unwrap_node(node)
    return _bare(node.arg) if type(node).__name__ == "TypeCast" else node
