"""What an operator says of its sides: in which role a value on one side is used for the column on the other."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import postgast

from harness.workload.parameter_use import Role
from harness.workload.scope import bare, kind_of, strings_of

_LOWER: Final = (">", ">=")
_UPPER: Final = ("<", "<=")
_EQUAL: Final = ("=", "<>", "!=")
_BETWEEN: Final = ("AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM", "AEXPR_NOT_BETWEEN_SYM")


class Compared(NamedTuple):
    """The node `value` is used as `role` of whatever column the node `column` is, if it is one."""

    value: Any
    column: Any
    role: Role


class Comparison(NamedTuple):
    """A comparison; `rest` are the nodes that are to be searched besides."""

    pairs: tuple[Compared, ...]
    rest: tuple[Any, ...] = ()


def operator_of(node: Any) -> str:
    """The operator's sign, without its schema."""
    return (strings_of(node.name) or [""])[-1]


def comparison_of(node: Any) -> Comparison | None:
    """What an A_Expr compares; None for an operator that compares nothing, such as +."""
    kind = str(node.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[node.kind].name)
    left, right = postgast.unwrap_node(node.lexpr), postgast.unwrap_node(node.rexpr)
    if kind in _BETWEEN:
        bounds = zip(right.items, (Role.LOWER, Role.UPPER), strict=False)
        return Comparison(tuple(Compared(bound, left, role) for bound, role in bounds), (left,))
    if kind == "AEXPR_IN":
        return Comparison(tuple(_listed(left, right)), (left,))
    if kind in ("AEXPR_OP_ANY", "AEXPR_OP_ALL"):
        return Comparison(_both(left, right, Role.ANY, Role.EQUAL))
    if kind in ("AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_SIMILAR"):
        return Comparison(_both(left, right, Role.LIKE, Role.OTHER))
    return _by_sign(kind, operator_of(node), left, right)


def _by_sign(kind: str, sign: str, left: Any, right: Any) -> Comparison | None:
    if kind in ("AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT") and sign in _EQUAL:
        return Comparison(tuple(_rowwise(left, right, Role.EQUAL, Role.EQUAL)))
    if kind == "AEXPR_OP" and sign in _LOWER:
        return Comparison(tuple(_rowwise(left, right, Role.LOWER, Role.UPPER)))
    if kind == "AEXPR_OP" and sign in _UPPER:
        return Comparison(tuple(_rowwise(left, right, Role.UPPER, Role.LOWER)))
    return None


def _listed(left: Any, right: Any) -> Iterator[Compared]:
    for item in right.items if kind_of(right) == "List" else [right]:
        inner = bare(item)
        if kind_of(left) == "RowExpr" and kind_of(inner) == "RowExpr":
            for column, value in zip(left.args, inner.args, strict=False):
                yield Compared(value, column, Role.IN)
        else:
            yield Compared(item, left, Role.IN)


def _rowwise(left: Any, right: Any, of_right: Role, of_left: Role) -> Iterator[Compared]:
    """Both sides, or of two rows each pair of their fields."""
    if kind_of(left) == "RowExpr" and kind_of(right) == "RowExpr":
        for one, other in zip(left.args, right.args, strict=False):
            yield from _both(one, other, of_right, of_left)
    else:
        yield from _both(left, right, of_right, of_left)


def _both(left: Any, right: Any, of_right: Role, of_left: Role) -> tuple[Compared, Compared]:
    return Compared(right, left, of_right), Compared(left, right, of_left)
