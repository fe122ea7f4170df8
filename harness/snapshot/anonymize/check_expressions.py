"""Whether a CHECK still holds for masked rows, as far as its expression tells before any row is read.

A part is proven where the transforms keep its answer: signs and counts of digits, lengths, kinds of characters, and
whether there is a value at all. What is not understood is a warning, and the restore shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import postgast
from postgast import pg_query_pb2 as pb

from harness.snapshot.anonymize.findings import OK, Judgement, Level, worst
from harness.snapshot.anonymize.guarantees import is_masked, keeps_characters, keeps_length
from harness.snapshot.anonymize.patterns import is_kept_by_classes, is_kept_like
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.sql_trees import columns_in
from harness.snapshot.anonymize.sql_types import INTEGERS, NUMBERS

_VALUE: Final = "value"
"""What a domain's check calls its column."""

_TURNED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LENGTHS: Final = frozenset({"length", "char_length", "character_length", "octet_length", "bit_length"})
_SAME_KIND: Final = frozenset({"lower", "upper", "btrim", "ltrim", "rtrim"})
"""Functions of a text that give as much of it, or its other case, before masking and after."""
_REGEX: Final = frozenset({"~", "~*", "!~", "!~*"})
_LIKE: Final = frozenset({"~~", "~~*", "!~~", "!~~*"})
_LISTS: Final = frozenset({pb.AEXPR_IN, pb.AEXPR_OP_ANY, pb.AEXPR_OP_ALL})
_RANGES: Final = frozenset({pb.AEXPR_BETWEEN, pb.AEXPR_NOT_BETWEEN})


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns an expression may name: what becomes of them, their types, and their domains."""

    policies: Mapping[str, ColumnPolicy]
    bases: Mapping[str, str]
    domains: Mapping[str, str]

    def masked(self, node: Any) -> tuple[str, ...]:
        """The columns in an expression whose values change."""
        return tuple(name for name in columns_in(node) if name in self.policies and is_masked(self.policies[name]))


def judge_check(expression: str, columns: Columns) -> Judgement:
    """Whether rows that satisfy the expression satisfy it once masked.

    >>> judge_check("total >= 0", Columns({"total": ColumnPolicy(class_=Class.NUMBER)}, {"total": "integer"}, {})).level
    <Level.OK: 'ok'>
    """
    try:
        tree: Any = postgast.parse(f"SELECT {expression}")
    except postgast.PgQueryError:
        return Judgement(Level.WARN, "the expression is not understood")
    return _judge(tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val, columns)


def domain_columns(name: str, columns: Columns) -> Columns:
    """The same, with VALUE for the column `name`, as a domain's check writes it."""
    policies, bases, domains = columns.policies, columns.bases, columns.domains
    return Columns(
        {_VALUE: policies[name]} if name in policies else {},
        {_VALUE: bases[name]} if name in bases else {},
        {_VALUE: domains[name]} if name in domains else {},
    )


def _judge(wrapped: Any, columns: Columns) -> Judgement:
    node = _bare(wrapped)
    masked = columns.masked(node)
    if not masked:
        return OK
    match type(node).__name__:
        case "BoolExpr":
            return worst(_judge(part, columns) for part in node.args)
        case "NullTest":
            return worst(_null_test(columns.policies[name]) for name in masked)
        case "A_Expr":
            return _operator(node, columns)
        case "ColumnRef":
            return OK if columns.bases.get(masked[0]) != "boolean" else _value_of(masked[0], "a value")
    return _unproven("an expression that is not understood")


def _null_test(policy: ColumnPolicy) -> Judgement:
    if policy.class_ is Class.NULL:
        return Judgement(Level.ERROR, "the check asks whether there is a value, and all become NULL")
    return OK


def _operator(node: Any, columns: Columns) -> Judgement:
    name = str(node.name[-1].string.sval)
    left, right = _bare(node.lexpr), _bare(node.rexpr)
    if node.kind in _LISTS:
        masked = columns.masked(node)
        return _value_of(masked[0], "a list of values")
    if node.kind in _RANGES:
        bounds = [_constant(item) for item in node.rexpr.list.items]
        if any(bound is None for bound in bounds):
            return _unproven("an expression that is not understood")
        pairs = zip((">=", "<="), bounds, strict=True)
        return worst(_compared(left, operator, bound or "", columns) for operator, bound in pairs)
    if name in _LIKE or name in _REGEX:
        return _pattern(node, left, right, columns)
    if (constant := _constant(node.rexpr)) is not None:
        return _compared(left, name, constant, columns)
    if (constant := _constant(node.lexpr)) is not None:
        return _compared(right, _TURNED.get(name, name), constant, columns)
    if type(left).__name__ == type(right).__name__ == "ColumnRef":
        return _two_columns(columns_in(left)[0], name, columns_in(right)[0], columns)
    return _unproven("an expression that is not understood")


def _compared(left: Any, operator: str, constant: str, columns: Columns) -> Judgement:
    """A side without a constant against one."""
    masked = columns.masked(left)
    if not masked:
        return OK
    policy, base = columns.policies[masked[0]], columns.bases.get(masked[0], "")
    if policy.class_ is Class.NULL:
        return OK  # an expression of NULL is no violation
    if type(left).__name__ == "FuncCall":
        return _function_compared(left, constant, policy, operator)
    if type(left).__name__ != "ColumnRef":
        return _unproven("an expression that is not understood")
    if operator in ("<>", "!=", "=") and constant == "" and keeps_length(policy):
        return OK
    digits = policy.class_ is Class.NUMBER or (policy.class_ is Class.IDENTIFIER and base in NUMBERS)
    if (digits or policy.class_ is Class.ORDERED) and (number := _number(constant)) is not None:
        whole = base in INTEGERS
        proof = _number_kept if digits else _ordered_kept
        if proof(operator, number, whole):
            return OK
    if operator == "=":
        return _value_of(masked[0], "one value")
    if operator in ("<>", "!="):
        return _unproven("the check excludes a value, which another might become")
    if policy.class_ is Class.DATE:
        return _unproven("dates move by up to 26 weeks, perhaps past the bound of the check")
    return Judgement(Level.ERROR, f"the check compares with a bound that the class {policy.class_.value} does not keep")


def _function_compared(call: Any, constant: str, policy: ColumnPolicy, operator: str) -> Judgement:
    name = str(call.funcname[-1].string.sval)
    if name in _LENGTHS and type(_bare(call.args[0])).__name__ in ("ColumnRef", "FuncCall"):
        if keeps_length(policy):
            return OK
        return _unproven(f"the check looks at a length, which the class {policy.class_.value} does not keep")
    if name in _SAME_KIND and constant == "" and keeps_length(policy) and operator in ("<>", "!=", "="):
        return OK
    return _unproven("an expression that is not understood")


def _number_kept(operator: str, bound: Decimal, whole: bool) -> bool:
    """A number keeps its sign and its count of digits; zero stays zero."""
    if bound == 0:
        return True
    if operator in (">", "<=") and whole:
        operator, bound = (">=" if operator == ">" else "<"), bound + 1
    power_of_ten = bound >= 1 and bound == Decimal(10) ** bound.adjusted()
    return power_of_ten and operator in (">=", "<")


def _ordered_kept(operator: str, bound: Decimal, _whole: bool) -> bool:
    """An ordered number keeps its sign and moves away from zero; zero stays zero."""
    if bound == 0:
        return True
    return operator in (">", ">=") if bound > 0 else operator in ("<", "<=")


def _pattern(node: Any, left: Any, right: Any, columns: Columns) -> Judgement:
    masked = columns.masked(node)
    pattern = _constant(right)
    policy = columns.policies[masked[0]]
    if policy.class_ is Class.NULL:
        return OK
    if pattern is None or columns.masked(right):
        return _unproven("the check's pattern is no constant")
    kept = is_kept_like(pattern) if str(node.name[-1].string.sval) in _LIKE else is_kept_by_classes(pattern)
    plain = type(left).__name__ == "ColumnRef" or (
        type(left).__name__ == "FuncCall" and str(left.funcname[-1].string.sval) in _SAME_KIND
    )
    if kept and plain and keeps_characters(policy):
        return OK
    if keeps_characters(policy) or policy.class_ in (Class.NAME, Class.TEXT, Class.FAKER):
        level = Level.WARN if kept else Level.ERROR
        return Judgement(level, f"the check asks for a pattern that the class {policy.class_.value} need not keep")
    return _unproven(f"the check asks for a pattern, and nothing is known of it for the class {policy.class_.value}")


def _two_columns(first: str, operator: str, second: str, columns: Columns) -> Judgement:
    one, other = (columns.policies.get(name) for name in (first, second))
    if one is None or other is None or not (is_masked(one) or is_masked(other)):
        return OK
    if Class.NULL in (one.class_, other.class_):
        return OK
    same_domain = bool(columns.domains.get(first)) and columns.domains.get(first) == columns.domains.get(second)
    if one.class_ is other.class_ and same_domain:
        alike = operator in ("=", "<>", "!=") or one.class_ is Class.ORDERED
        if alike or (one.class_ is Class.DATE and one.subject == other.subject):
            return OK
    hint = "give both the same class and the same domain"
    return _unproven(f"the check compares {first} with {second}, which change apart from one another: {hint}")


def _value_of(column: str, what: str) -> Judgement:
    return Judgement(Level.ERROR, f"the check allows {what} for {column}: keep the column")


def _unproven(reason: str) -> Judgement:
    return Judgement(Level.WARN, f"not proven, the restore will show: {reason}")


def _bare(wrapped: Any) -> Any:
    """The node inside its wrapper and its casts."""
    node = postgast.unwrap_node(wrapped)
    return _bare(node.arg) if type(node).__name__ == "TypeCast" else node


def _constant(wrapped: Any) -> str | None:
    """A constant's text, through casts and a minus sign."""
    node = _bare(wrapped)
    if type(node).__name__ == "A_Expr" and not node.HasField("lexpr") and node.name[-1].string.sval == "-":
        inner = _constant(node.rexpr)
        return None if inner is None else f"-{inner}"
    if type(node).__name__ != "A_Const" or node.isnull:
        return None
    kind = node.WhichOneof("val")
    match kind:
        case "ival":
            return str(node.ival.ival)
        case "fval":
            return str(node.fval.fval)
        case "sval":
            return str(node.sval.sval)
        case "boolval":
            return "true" if node.boolval.boolval else "false"
    return None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
