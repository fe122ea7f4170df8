"""Constants of a statement replaced by parameters, through its parse tree, so that none of them is kept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import postgast

MAX_KEPT_NUMBER: Final = 100
"""A number up to this, as argument of a function or in a select list (round(x, 2), coalesce(n, 0)), is code."""
_UNITS: Final = (
    "microseconds?|milliseconds?|seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|mons?|quarters?|years?"
    "|decades?|century|centuries"
)
# Words with which PostgreSQL's own functions are told what to do: units of time, intervals, patterns of to_char, text
# search. No digits but those of an interval: a date is data.
_WORDS: Final = re.compile(
    rf"""(?:{_UNITS}|millennium|epoch|dow|isodow|doy|isoyear|utc|gmt|english|simple|utf-?8)
    |[-+]?\d{{1,3}}\s(?:{_UNITS})(?:\s\d{{1,2}}\s(?:{_UNITS}))?(?:\sago)?
    |(?:Y{{1,4}}|IYYY|MM|MON|Mon|Month|DDD?|DAY|Day|Dy|HH|HH12|HH24|MI|SS|MS|US|AM|PM|TZ|WW|IW|Q|FM|[-:/,._\s%|T])*""",
    re.VERBOSE,
)
_NAME: Final = re.compile(r'(?:"?[A-Za-z_][A-Za-z0-9_]{0,62}"?\.)?"?[A-Za-z_][A-Za-z0-9_]{0,62}"?')
_SEQUENCE_FUNCTIONS: Final = frozenset({"nextval", "currval", "setval"})
_INTEGER: Final = re.compile(r"[-+]?\d{1,18}")
_KEY_OPERATORS: Final = frozenset({"->", "->>", "#>", "#>>", "?"})
_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "@>", "<@", "&&", "@@", "~", "~*", "!~", "!~*"})


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant or `$n` of the parse tree.

    `wrapper` is the Node that holds it. `kept`: "" always becomes a parameter; "code", "sequence" and "name" may stay
    where the value is code, the name of a sequence, or the key of a JSON member, not data. `group`: list and place
    within its items, for elements of one list.
    """

    wrapper: Any
    kept: str
    group: tuple[int, int] | None
    is_cast: bool

    @property
    def is_parameter(self) -> bool:
        """Whether it is a `$n` already."""
        return bool(self.wrapper.HasField("param_ref"))


@dataclass(slots=True)
class _Place:
    """What the walk knows about where it is."""

    kept: str = ""
    list_number: int = -1
    is_cast: bool = False


class Constants:
    """The constants of one statement's tree, in the order of its text; lists shorter than two are none."""

    def __init__(self, statement: Any) -> None:
        self.found: list[Constant] = []
        self.lists: list[Any] = []
        self._visit(statement, _Place(), [0])
        self.found.sort(key=lambda constant: _location(constant.wrapper))

    def lengths(self) -> tuple[int, ...]:
        """How many items each list has."""
        return tuple(len(items) for items in self.lists)

    def shorten(self) -> None:
        """Leave the first item of each list: what lists of different lengths have in common."""
        for items in self.lists:
            del items[1:]

    def _visit(self, wrapper: Any, place: _Place, ordinal: list[int]) -> None:
        kind = wrapper.WhichOneof("node") if _is_wrapper(wrapper) else ""
        if kind in ("a_const", "param_ref"):
            if kind == "param_ref" or wrapper.a_const.WhichOneof("val") not in (None, "boolval"):
                group = (place.list_number, ordinal[0]) if place.list_number >= 0 else None
                ordinal[0] += 1
                self.found.append(Constant(wrapper, place.kept, group, place.is_cast))
            return
        node = getattr(wrapper, kind) if kind else wrapper
        for name, child, inner in _children(node, place):
            if name == "items":
                self._list(child, inner, ordinal)
            else:
                self._visit(child, inner, ordinal)

    def _list(self, items: Any, place: _Place, ordinal: list[int]) -> None:
        if place.list_number >= 0:  # a list in a list: elements of the outer one
            for item in items:
                self._visit(item, place, ordinal)
            return
        self.lists.append(items)
        inner = _Place(place.kept, len(self.lists) - 1, place.is_cast)
        for item in items:
            self._visit(item, inner, [0])


def is_code(kept: str, value: str) -> bool:
    """Whether `value` may stay in the text: a small number or a word of PostgreSQL's own, or the name of a key."""
    if kept in ("name", "sequence"):
        return _NAME.fullmatch(value) is not None
    if kept != "code":
        return False
    if _INTEGER.fullmatch(value):
        return abs(int(value)) <= MAX_KEPT_NUMBER
    return _WORDS.fullmatch(value) is not None


def is_number(wrapper: Any) -> str:
    """The type PostgreSQL gives a constant that is written without quotes: integer, bigint, numeric or ""."""
    kind = wrapper.a_const.WhichOneof("val")
    if kind == "ival":
        return "integer"
    if kind != "fval":
        return ""
    return "bigint" if _INTEGER.fullmatch(wrapper.a_const.fval.fval) else "numeric"


def is_negative(wrapper: Any) -> bool:
    """Whether the parser took a minus sign into the constant."""
    kind = wrapper.a_const.WhichOneof("val") if wrapper.HasField("a_const") else None
    if kind == "ival":
        return bool(wrapper.a_const.ival.ival < 0)
    return kind == "fval" and str(wrapper.a_const.fval.fval).startswith("-")


def put_parameter(wrapper: Any, number: int) -> None:
    """Make the node `$number`."""
    location = _location(wrapper)
    wrapper.param_ref.number = number
    wrapper.param_ref.location = location


def put_null(wrapper: Any) -> None:
    """Make the node NULL."""
    wrapper.a_const.isnull = True


def put_array(wrapper: Any, numbers: Sequence[int], type_: str) -> None:
    """Make the node ARRAY[$n, …], cast to an array of `type_` where one is given."""
    template = postgast.parse(
        f"SELECT ARRAY[{', '.join(f'${n}' for n in numbers)}]" + (f"::{type_}[]" if type_ else "")
    )
    wrapper.CopyFrom(template.stmts[0].stmt.select_stmt.target_list[0].res_target.val)


def shorten_array(wrapper: Any) -> None:
    """Leave the first element of what `put_array` made."""
    array = wrapper.type_cast.arg if wrapper.HasField("type_cast") else wrapper
    del array.a_array_expr.elements[1:]


def put_cast(wrapper: Any, type_: str) -> None:
    """Wrap the node in a cast to `type_`."""
    number = wrapper.param_ref.number
    template = postgast.parse(f"SELECT ${number}::{type_}")
    wrapper.CopyFrom(template.stmts[0].stmt.select_stmt.target_list[0].res_target.val)


def _children(node: Any, place: _Place) -> Iterator[tuple[str, Any, _Place]]:
    """The nodes below `node` that may hold constants, each with its place; "items" is a whole list."""
    kind = type(node).__name__
    for field, value in node.ListFields():
        if field.message_type is None or (kind, field.name) in _SKIPPED:
            continue
        inner = _Place(_kept(node, kind, field.name, place), place.list_number, kind == "TypeCast")
        if kind == "A_Expr" and node.kind >= _BETWEEN and field.name == "rexpr":
            for bound in value.list.items:
                yield field.name, bound, inner
            continue
        if (kind, field.name) in _LISTS:
            yield "items", value, inner
        elif field.is_repeated:
            for child in value:
                if not ((kind, field.name) in _POSITIONS and child.HasField("a_const")):
                    yield field.name, child, inner
        elif not ((kind, field.name) in _POSITIONS and value.HasField("a_const")):
            yield field.name, value, inner


# A type's modifiers are no values; ORDER BY 1 is a position.
_SKIPPED: Final = frozenset({("TypeCast", "type_name"), ("ColumnDef", "type_name"), ("FuncCall", "funcname")})
_POSITIONS: Final = frozenset({("SortBy", "node"), ("SelectStmt", "group_clause"), ("SelectStmt", "distinct_clause")})
_LISTS: Final = frozenset({("List", "items"), ("A_ArrayExpr", "elements"), ("SelectStmt", "values_lists")})
_BETWEEN: Final = 11  # A_Expr_Kind of libpg_query: 11 and above are BETWEEN, 7 is IN, 6 NULLIF, 1 an operator
_NULLIF: Final = 6
_CODE: Final = frozenset(
    {
        ("FuncCall", "args"), ("SelectStmt", "target_list"), ("SelectStmt", "group_clause"), ("SortBy", "node"),
        ("CoalesceExpr", "args"), ("MinMaxExpr", "args"), ("A_Indirection", "indirection"),
        ("SelectStmt", "window_clause"), ("SelectStmt", "distinct_clause"),
    }
)  # fmt: skip
_DATA: Final = frozenset(
    {
        ("SelectStmt", "where_clause"), ("SelectStmt", "having_clause"), ("SelectStmt", "values_lists"),
        ("InsertStmt", "select_stmt"), ("SelectStmt", "limit_count"), ("SelectStmt", "limit_offset"),
        ("UpdateStmt", "target_list"), ("OnConflictClause", "target_list"), ("MergeWhenClause", "target_list"),
        ("CommonTableExpr", "ctequery"), ("SubLink", "subselect"), ("RangeSubselect", "subquery"),
    }
)  # fmt: skip


def _kept(node: Any, kind: str, field: str, place: _Place) -> str:
    """What may stay below this field: nothing, PostgreSQL's own words, names of sequences, keys of JSON."""
    if (kind, field) in _DATA:
        return ""
    if kind == "FuncCall" and field == "args" and node.funcname[-1].string.sval in _SEQUENCE_FUNCTIONS:
        return "sequence"
    if (kind, field) in _CODE or (kind == "TypeCast" and _is_interval(node)):
        return "code"
    if kind == "A_Expr":
        operator = node.name[-1].string.sval if node.name else ""
        if operator in _KEY_OPERATORS and field == "rexpr":
            return "name"
        if node.kind == _NULLIF:
            return "code"
        if operator in _COMPARISONS or node.kind > 1:
            return ""
    return place.kept


def _is_interval(cast: Any) -> bool:
    names = cast.type_name.names
    return bool(names) and names[-1].string.sval == "interval"


def _is_wrapper(message: Any) -> bool:
    return type(message).__name__ == "Node"


def _location(wrapper: Any) -> int:
    kind = wrapper.WhichOneof("node")
    return int(getattr(wrapper, kind).location)


def command_of(statement: Any) -> str:
    """The name of the node that a statement is: SelectStmt, CopyStmt, …"""
    return type(postgast.unwrap_node(statement)).__name__
