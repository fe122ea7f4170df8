"""Which column each parameter of a statement belongs to, and in what role, read from the parse tree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

import postgast

from harness.workload.catalog import Catalog, Table, quoted


class Role(Enum):
    """What a parameter does: it is compared, stored, or counts rows; TERM is a term of arithmetic with a column."""

    EQUAL = "equal"
    LOWER = "lower bound"
    UPPER = "upper bound"
    IN = "element of a list"
    ANY = "array"
    LIKE = "pattern"
    INSERTED = "inserted"
    SET = "set"
    TERM = "term"
    LIMIT = "limit"
    OFFSET = "offset"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """One use of `$number`: `table` as SQL writes it and `column` unquoted, both "" where no column is known.

    `type` is the type it is cast to, `function` the function it is an argument of, "" for none.
    """

    number: int
    table: str
    column: str
    role: Role
    type: str = ""
    function: str = ""


class InferenceError(ValueError):
    """PostgreSQL's parser refuses the statement."""


def infer_parameters(sql: str, catalog: Catalog | None = None) -> tuple[ParameterUse, ...]:
    """Every use of each `$n` of one statement, sorted by number; InferenceError where it does not parse.

    Without a catalog, columns are found where the text says whose they are: qualified, or of the only table.

    >>> infer_parameters("SELECT * FROM orders o WHERE o.id = $1 LIMIT $2")[0]
    ParameterUse(number=1, table='orders', column='id', role=<Role.EQUAL: 'equal'>, type='', function='')
    """
    try:
        tree: Any = postgast.parse(sql)
    except postgast.PgQueryError as error:
        raise InferenceError(str(error)) from None
    search = _Search(catalog)
    for statement in tree.stmts:
        search.visit(statement.stmt, _Scope())
    return tuple(sorted(search.uses, key=lambda use: (use.number, use.role.value, use.table, use.column)))


def main_use(uses: Iterable[ParameterUse], number: int) -> ParameterUse:
    """The use of `$number` that says most of it: one with a column before one without."""
    found = [use for use in uses if use.number == number]
    ranked = sorted(found, key=lambda use: (not use.column, use.role in (Role.TERM, Role.OTHER)))
    return ranked[0] if ranked else ParameterUse(number, "", "", Role.OTHER)


_Owner: TypeAlias = tuple[str, str]  # table as SQL writes it, column
_NOWHERE: Final[_Owner] = ("", "")
_LOWER: Final = (">", ">=")
_UPPER: Final = ("<", "<=")
_EQUAL: Final = ("=", "<>", "!=")
_ARITHMETIC: Final = ("+", "-", "*", "/", "%", "||")


@dataclass(slots=True)
class _Source:
    """A relation of a FROM clause: a table, or the columns of a subquery that are columns of tables."""

    table: str = ""
    known: Table | None = None
    columns: Mapping[str, _Owner] = field(default_factory=dict)

    def owner(self, column: str) -> _Owner | None:
        """Whose column this is; None where the source does not have it, or nobody knows."""
        if not self.table:
            return self.columns.get(column)
        return (self.table, column) if self.known is not None and self.known.column(column) else None


@dataclass(slots=True)
class _Scope:
    """The relations that names mean here, and those around it."""

    outer: "_Scope | None" = None
    sources: dict[str, _Source] = field(default_factory=dict)
    common: dict[str, _Source] = field(default_factory=dict)

    def inner(self) -> "_Scope":
        return _Scope(self)

    def table_expression(self, name: str) -> _Source | None:
        """The common table expression of this name."""
        found = self.common.get(name)
        return found if found or self.outer is None else self.outer.table_expression(name)

    def owner(self, names: Sequence[str]) -> _Owner:
        """Whose column `names` (the parts of a reference) is."""
        *qualifier, column = names
        if qualifier:
            source = self.sources.get(qualifier[-1])
            found = (source.owner(column) or ((source.table, column) if source.table else None)) if source else None
        else:
            sources = list(self.sources.values())
            found = next((owner for source in sources if (owner := source.owner(column))), None)
            only = sources[0] if len(sources) == 1 else None
            if found is None and only is not None and only.table and only.known is None:
                found = (only.table, column)
        if found is not None:
            return found
        return self.outer.owner(names) if self.outer is not None else _NOWHERE


def _kind(node: object) -> str:
    return type(node).__name__


def _bare(node: Any) -> Any:
    """The node inside of its wrapper and casts."""
    node = postgast.unwrap_node(node)
    return _bare(node.arg) if _kind(node) == "TypeCast" else node


def _children(node: Any) -> Iterator[Any]:
    for descriptor, value in node.ListFields():
        if descriptor.message_type is None:
            continue
        yield from value if isinstance(value, Sequence) or hasattr(value, "append") else (value,)


def _strings(nodes: Iterable[Any]) -> list[str]:
    return [str(inner.sval) for node in nodes if _kind(inner := postgast.unwrap_node(node)) == "String"]


class _Search:
    """Walks a statement with the scope that names have at each place, and collects uses of parameters."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self.uses: list[ParameterUse] = []

    def visit(self, node: Any, scope: _Scope, *, near: _Owner = _NOWHERE, type_: str = "", function: str = "") -> None:
        """Look for parameters below `node`; `near` is the column that this expression is computed with."""
        node = postgast.unwrap_node(node)
        match _kind(node):
            case "ParamRef":
                role = Role.TERM if near[1] else Role.OTHER
                self._add(node, near, role, type_=type_, function=function)
            case "TypeCast":
                self.visit(node.arg, scope, near=near, type_=_type(node), function=function)
            case "A_Expr":
                self._compare(node, scope, near)
            case "SelectStmt":
                self._select(node, scope)
            case "InsertStmt":
                self._insert(node, scope)
            case "UpdateStmt":
                self._update(node, scope)
            case "DeleteStmt":
                self._delete(node, scope)
            case "FuncCall":
                name = _strings(node.funcname)[-1:]
                for argument in node.args:
                    self.visit(argument, scope, near=near, function=name[0] if name else "")
                for child in (*node.agg_order, node.agg_filter, node.over):
                    self.visit(child, scope)
            case _:
                for child in _children(node):
                    self.visit(child, scope, near=near)

    def _add(self, node: Any, owner: _Owner, role: Role, *, type_: str = "", function: str = "") -> None:
        self.uses.append(ParameterUse(int(node.number), owner[0], owner[1], role, type_, function))

    def _give(self, node: Any, owner: _Owner, role: Role, scope: _Scope) -> None:
        """`node` is used as `role` of `owner`: a parameter takes it, an expression is searched."""
        node = postgast.unwrap_node(node)
        inner = _bare(node)
        if _kind(inner) == "ParamRef":
            self._add(inner, owner, role, type_=_type(node) if _kind(node) == "TypeCast" else "")
        elif _kind(inner) == "A_ArrayExpr":
            for element in inner.elements:
                self._give(element, owner, Role.IN, scope)
        elif _kind(inner) == "FuncCall" and len(inner.args) == 1 and owner[1] and role is not Role.SET:
            self._give(inner.args[0], owner, role, scope)  # lower(email) = lower($1)
        else:
            self.visit(node, scope, near=owner if role is Role.SET else _NOWHERE)

    def _compare(self, node: Any, scope: _Scope, near: _Owner) -> None:
        kind = str(node.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[node.kind].name)
        left, right = postgast.unwrap_node(node.lexpr), postgast.unwrap_node(node.rexpr)
        operator = (_strings(node.name) or [""])[-1]
        if kind in ("AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM", "AEXPR_NOT_BETWEEN_SYM"):
            owner = self._owner(left, scope)
            for bound, role in zip(right.items, (Role.LOWER, Role.UPPER), strict=False):
                self._give(bound, owner, role, scope)
            self.visit(left, scope)
        elif kind == "AEXPR_IN":
            self._list(left, right, scope)
        elif kind in ("AEXPR_OP_ANY", "AEXPR_OP_ALL"):
            self._pair(left, right, Role.ANY, Role.EQUAL, scope)
        elif kind in ("AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_SIMILAR"):
            self._pair(left, right, Role.LIKE, Role.OTHER, scope)
        elif kind in ("AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT") and operator in _EQUAL:
            self._equal(left, right, scope)
        elif kind == "AEXPR_OP" and operator in (*_LOWER, *_UPPER):
            up = operator in _LOWER
            self._bounds(left, right, up, scope)
        else:
            term = _NOWHERE
            if operator in _ARITHMETIC:
                found = (near, self._owner(left, scope), self._owner(right, scope))
                term = next((owner for owner in found if owner[1]), _NOWHERE)
            for side in (left, right):
                self.visit(side, scope, near=term)

    def _list(self, left: Any, right: Any, scope: _Scope) -> None:
        items = right.items if _kind(right) == "List" else [right]
        for item in items:
            inner = _bare(item)
            if _kind(left) == "RowExpr" and _kind(inner) == "RowExpr":
                for column, value in zip(left.args, inner.args, strict=False):
                    self._give(value, self._owner(column, scope), Role.IN, scope)
            else:
                self._give(item, self._owner(left, scope), Role.IN, scope)
        self.visit(left, scope)

    def _equal(self, left: Any, right: Any, scope: _Scope) -> None:
        if _kind(left) == "RowExpr" and _kind(right) == "RowExpr":
            for one, other in zip(left.args, right.args, strict=False):
                self._pair(postgast.unwrap_node(one), postgast.unwrap_node(other), Role.EQUAL, Role.EQUAL, scope)
        else:
            self._pair(left, right, Role.EQUAL, Role.EQUAL, scope)

    def _bounds(self, left: Any, right: Any, up: bool, scope: _Scope) -> None:
        after, before = (Role.LOWER, Role.UPPER) if up else (Role.UPPER, Role.LOWER)
        if _kind(left) == "RowExpr" and _kind(right) == "RowExpr":
            for one, other in zip(left.args, right.args, strict=False):
                self._pair(postgast.unwrap_node(one), postgast.unwrap_node(other), after, before, scope)
        else:
            self._pair(left, right, after, before, scope)

    def _pair(self, left: Any, right: Any, of_right: Role, of_left: Role, scope: _Scope) -> None:
        self._give(right, self._owner(left, scope), of_right, scope)
        self._give(left, self._owner(right, scope), of_left, scope)

    def _owner(self, node: Any, scope: _Scope) -> _Owner:
        """The column that an expression is, seen through casts and functions of one column (lower(email))."""
        node = _bare(node)
        if _kind(node) == "ColumnRef":
            names = _strings(node.fields)
            return scope.owner(names) if len(names) == len(node.fields) else _NOWHERE
        if _kind(node) == "FuncCall" and len(node.args) == 1:
            return self._owner(node.args[0], scope)
        return _NOWHERE

    def _select(self, node: Any, scope: _Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        if node.HasField("larg"):
            self.visit(node.larg, inner)
            self.visit(node.rarg, inner)
        for item in node.from_clause:
            self._from(item, inner)
        self._limits(node, inner)
        for name, children in node.ListFields():
            if name.name in ("target_list", "where_clause", "group_clause", "having_clause", "sort_clause",
                             "values_lists", "distinct_clause", "window_clause"):  # fmt: skip
                for child in children if hasattr(children, "append") else (children,):
                    self.visit(child, inner)

    def _limits(self, node: Any, scope: _Scope) -> None:
        for value, role in ((node.limit_count, Role.LIMIT), (node.limit_offset, Role.OFFSET)):
            self._give(value, _NOWHERE, role, scope)

    def _common(self, node: Any, scope: _Scope) -> None:
        for wrapped in node.with_clause.ctes if node.HasField("with_clause") else ():
            expression = postgast.unwrap_node(wrapped)
            self.visit(expression.ctequery, scope)
            scope.common[expression.ctename] = self._derived(expression.ctequery, scope)

    def _derived(self, query: Any, scope: _Scope) -> _Source:
        """The columns of a subquery that are columns of tables."""
        query = postgast.unwrap_node(query)
        if _kind(query) != "SelectStmt":
            return _Source()
        inner = scope.inner()
        for item in query.from_clause:
            _Search(self._catalog)._from(item, inner)  # noqa: SLF001 - its uses are told already
        columns: dict[str, _Owner] = {}
        for wrapped in query.target_list:
            target = postgast.unwrap_node(wrapped)
            value = postgast.unwrap_node(target.val)
            if _kind(value) != "ColumnRef":
                continue
            names = _strings(value.fields)
            if len(names) == len(value.fields):
                columns[target.name or names[-1]] = inner.owner(names)
            else:
                columns |= {
                    c.name: (s.table, c.name) for s in inner.sources.values() if s.known for c in s.known.columns
                }
        return _Source(columns=columns)

    def _from(self, node: Any, scope: _Scope) -> None:
        node = postgast.unwrap_node(node)
        match _kind(node):
            case "RangeVar":
                scope.sources[node.alias.aliasname or node.relname] = self._source(node, scope)
            case "JoinExpr":
                self._from(node.larg, scope)
                self._from(node.rarg, scope)
                self.visit(node.quals, scope)
            case "RangeSubselect":
                self.visit(node.subquery, scope)
                scope.sources[node.alias.aliasname] = self._derived(node.subquery, scope)
            case _:
                self.visit(node, scope)

    def _source(self, relation: Any, scope: _Scope) -> _Source:
        expression = None if relation.schemaname else scope.table_expression(relation.relname)
        if expression is not None:
            return expression
        written = ".".join(quoted(part) for part in (relation.schemaname, relation.relname) if part)
        known = self._catalog.find(relation.relname, schema=relation.schemaname) if self._catalog else None
        return _Source(written, known)

    def _insert(self, node: Any, scope: _Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        source = self._source(node.relation, _Scope())
        named = [str(postgast.unwrap_node(column).name) for column in node.cols]
        columns = named or ([column.name for column in source.known.columns] if source.known else [])
        query = postgast.unwrap_node(node.select_stmt)
        if _kind(query) == "SelectStmt":
            self._stored(query, [(source.table, column) for column in columns], inner)
        inner.sources[node.relation.alias.aliasname or node.relation.relname] = source
        inner.sources["excluded"] = source
        self._set(node.on_conflict_clause.target_list, source, inner)
        self.visit(node.on_conflict_clause.where_clause, inner)
        self.visit(node.on_conflict_clause.infer, inner)
        self.visit(node.returning_clause, inner)

    def _stored(self, query: Any, owners: Sequence[_Owner], scope: _Scope) -> None:
        """A row source of INSERT: parameters that stand alone are stored in the column at their place."""
        if not query.values_lists:
            for target, owner in zip(query.target_list, owners, strict=False):
                value = _bare(postgast.unwrap_node(target).val)
                if _kind(value) == "ParamRef":
                    self._add(value, owner, Role.INSERTED)
            self._stored_values(query, owners)
            before = {use.number for use in self.uses if use.role is Role.INSERTED}
            self._select(query, scope)
            self.uses = [u for u in self.uses if u.role is not Role.OTHER or u.number not in before]
            return
        self._common(query, scope)
        for row in query.values_lists:
            for value, owner in zip(postgast.unwrap_node(row).items, _endless(owners), strict=False):
                self._give(value, owner, Role.INSERTED, scope)

    def _stored_values(self, query: Any, owners: Sequence[_Owner]) -> None:
        """INSERT … SELECT a, b FROM (VALUES …) AS v(a, b), as SQLAlchemy writes many rows."""
        for wrapped in query.from_clause:
            source = postgast.unwrap_node(wrapped)
            values = postgast.unwrap_node(source.subquery) if _kind(source) == "RangeSubselect" else None
            if values is None or not getattr(values, "values_lists", None):
                continue
            places = {name: place for place, name in enumerate(_strings(source.alias.colnames))}
            for target, owner in zip(query.target_list, owners, strict=False):
                column = _bare(postgast.unwrap_node(target).val)
                place = places.get(_strings(column.fields)[-1]) if _kind(column) == "ColumnRef" else None
                for row in values.values_lists if place is not None else ():
                    value = _bare(postgast.unwrap_node(row).items[place])
                    if _kind(value) == "ParamRef":
                        self._add(value, owner, Role.INSERTED)

    def _update(self, node: Any, scope: _Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        source = self._source(node.relation, _Scope())
        inner.sources[node.relation.alias.aliasname or node.relation.relname] = source
        for item in node.from_clause:
            self._from(item, inner)
        self._set(node.target_list, source, inner)
        self.visit(node.where_clause, inner)
        self.visit(node.returning_clause, inner)

    def _set(self, targets: Iterable[Any], source: _Source, scope: _Scope) -> None:
        for wrapped in targets:
            target = postgast.unwrap_node(wrapped)
            value = postgast.unwrap_node(target.val)
            if _kind(value) == "MultiAssignRef":
                row = postgast.unwrap_node(value.source)
                if _kind(row) == "RowExpr":
                    value = row.args[value.colno - 1]
                elif value.colno > 1:
                    continue  # the subquery is searched once
                else:
                    value = row
            self._give(value, (source.table, str(target.name)), Role.SET, scope)

    def _delete(self, node: Any, scope: _Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        inner.sources[node.relation.alias.aliasname or node.relation.relname] = self._source(node.relation, _Scope())
        for item in node.using_clause:
            self._from(item, inner)
        self.visit(node.where_clause, inner)
        self.visit(node.returning_clause, inner)


def _endless(owners: Sequence[_Owner]) -> Iterator[_Owner]:
    yield from owners
    while True:
        yield _NOWHERE


def _type(cast: Any) -> str:
    names = _strings(cast.type_name.names)
    return (names[-1] if names else "") + ("[]" if cast.type_name.array_bounds else "")
