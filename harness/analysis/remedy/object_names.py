"""The names that PostgreSQL gives to indexes and constraints that the statement does not name."""

from collections.abc import Sequence
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

_LONGEST = 63
"""Bytes of a name: NAMEDATALEN of every distributed server, without its final zero."""


def base(table: str) -> str:
    """The table's own name, unquoted.

    >>> base('public."Orders"')
    'Orders'
    """
    return table.rpartition(".")[2].strip('"').replace('""', '"')


def object_name(table: str, columns: Sequence[str], label: str) -> str:
    """table_columns_label; where it is too long, the longer of the two parts is cut, as the server does.

    >>> object_name("public.orders", ["customer_id"], "idx")
    'orders_customer_id_idx'
    """
    one, two = base(table).encode(), "_".join(columns).encode()
    room = _LONGEST - len(label.encode()) - 1 - (1 if two else 0)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    parts = (one.decode(errors="ignore"), two.decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)


def index_columns(node: Any) -> list[str]:
    """What the server calls each key of CREATE INDEX: the column, the function, or expr."""
    found: list[str] = []
    for item in (*node.index_params, *node.index_including_params):
        element = item.index_elem
        name = element.name or _expression_name(element.expr)
        taken = sum(1 for other in found if other.rstrip("0123456789") == name)
        found.append(f"{name}{taken}" if taken else name)
    return found


def _expression_name(node: Any) -> str:
    kind = node.WhichOneof("node")
    if kind == "func_call":
        return str(node.func_call.funcname[-1].string.sval)
    if kind == "type_cast":
        return _expression_name(node.type_cast.arg)
    if kind == "column_ref" and node.column_ref.fields:
        return str(node.column_ref.fields[-1].string.sval)
    return "coalesce" if kind == "coalesce_expr" else "expr"


def check_name(table: str, expression: Any) -> str:
    """table_column_check where the expression uses one column, else table_check."""
    refs = postgast.find_nodes(expression, pb.ColumnRef)
    columns = {ref.fields[-1].string.sval for ref in refs if ref.fields}
    return object_name(table, sorted(columns) if len(columns) == 1 else (), "check")
