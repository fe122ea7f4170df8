"""Reading the trees of PostgreSQL's parser: names of relations and objects, columns an expression names, its text."""

from collections.abc import Iterable
from typing import Any

import postgast


def table_name(node: Any) -> str:
    """A relation's "schema.name"; without a schema it is of `public`."""
    return f"{node.schemaname or 'public'}.{node.relname}"


def object_name(parts: Iterable[Any]) -> str:
    """The name of a type, a function or the like, made the same way."""
    names = [str(part.string.sval) for part in parts]
    return ".".join(names if len(names) > 1 else ["public", *names])


def columns_in(node: Any) -> tuple[str, ...]:
    """The columns that an expression names, each once, in the order of the text."""
    found: dict[str, None] = {}
    for _, inner in postgast.walk(node):
        if type(inner).__name__ == "ColumnRef" and inner.fields and inner.fields[-1].HasField("string"):
            found.setdefault(str(inner.fields[-1].string.sval))
    return tuple(found)


def element_columns(node: Any) -> tuple[str, ...]:
    """The columns of one element of an index or of a partition key, which may be an expression."""
    return (str(node.name),) if node.name else columns_in(node.expr)


def expression_text(node: Any) -> str:
    """An expression's tree as SQL, the same for every way to write it (parentheses, the words of types)."""
    tree: Any = postgast.parse("SELECT 1")
    tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(node)
    return str(postgast.deparse(tree)).removeprefix("SELECT ")


def bound_text(node: Any) -> str:
    """A partition's bound as SQL: FOR VALUES … or DEFAULT."""
    if node.is_default:
        return "DEFAULT"
    if node.strategy == "h":
        return f"FOR VALUES WITH (modulus {node.modulus}, remainder {node.remainder})"
    if node.strategy == "l":
        return f"FOR VALUES IN ({', '.join(map(expression_text, node.listdatums))})"
    lower, upper = (", ".join(map(_range_datum, datums)) for datums in (node.lowerdatums, node.upperdatums))
    return f"FOR VALUES FROM ({lower}) TO ({upper})"


def _range_datum(node: Any) -> str:
    # MINVALUE and MAXVALUE come as columns of these names (gram.y, PartitionBoundSpec).
    names = columns_in(node)
    return names[0].upper() if names else expression_text(node)
