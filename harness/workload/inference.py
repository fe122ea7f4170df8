"""Which column each parameter of a statement belongs to, and in what role, read from the parse tree."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import postgast

from harness.workload.catalog import Catalog, quoted
from harness.workload.comparisons import comparison_of, operator_of
from harness.workload.parameter_use import ParameterUse, Role
from harness.workload.scope import (
    NOWHERE,
    Owner,
    Scope,
    Source,
    bare,
    children_of,
    kind_of,
    owner_of,
    strings_of,
    type_of,
)


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
        search.visit(statement.stmt, Scope())
    return tuple(sorted(search.uses, key=lambda use: (use.number, use.role.value, use.table, use.column)))


_ARITHMETIC: Final = ("+", "-", "*", "/", "%", "||")


class _Search:
    """Walks a statement with the scope that names have at each place, and collects uses of parameters."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self.uses: list[ParameterUse] = []

    def visit(self, node: Any, scope: Scope, *, near: Owner = NOWHERE, type_: str = "", function: str = "") -> None:
        """Look for parameters below `node`; `near` is the column that this expression is computed with."""
        node = postgast.unwrap_node(node)
        match kind_of(node):
            case "ParamRef":
                role = Role.TERM if near[1] else Role.OTHER
                self._add(node, near, role, type_=type_, function=function)
            case "TypeCast":
                self.visit(node.arg, scope, near=near, type_=type_of(node), function=function)
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
                name = strings_of(node.funcname)[-1:]
                for argument in node.args:
                    self.visit(argument, scope, near=near, function=name[0] if name else "")
                for child in (*node.agg_order, node.agg_filter, node.over):
                    self.visit(child, scope)
            case _:
                for child in children_of(node):
                    self.visit(child, scope, near=near)

    def _add(self, node: Any, owner: Owner, role: Role, *, type_: str = "", function: str = "") -> None:
        self.uses.append(ParameterUse(int(node.number), owner[0], owner[1], role, type_, function))

    def _give(self, node: Any, owner: Owner, role: Role, scope: Scope) -> None:
        """`node` is used as `role` of `owner`: a parameter takes it, an expression is searched."""
        node = postgast.unwrap_node(node)
        inner = bare(node)
        if kind_of(inner) == "ParamRef":
            self._add(inner, owner, role, type_=type_of(node) if kind_of(node) == "TypeCast" else "")
        elif kind_of(inner) == "A_ArrayExpr":
            for element in inner.elements:
                self._give(element, owner, Role.IN, scope)
        elif kind_of(inner) == "FuncCall" and len(inner.args) == 1 and owner[1] and role is not Role.SET:
            self._give(inner.args[0], owner, role, scope)  # lower(email) = lower($1)
        else:
            self.visit(node, scope, near=owner if role is Role.SET else NOWHERE)

    def _compare(self, node: Any, scope: Scope, near: Owner) -> None:
        comparison = comparison_of(node)
        if comparison is None:
            self._compute(node, scope, near)
            return
        for value, column, role in comparison.pairs:
            self._give(value, owner_of(column, scope), role, scope)
        for other in comparison.rest:
            self.visit(other, scope)

    def _compute(self, node: Any, scope: Scope, near: Owner) -> None:
        """An operator that compares nothing: in arithmetic, parameters belong to the column computed with."""
        sides, term = (node.lexpr, node.rexpr), NOWHERE
        if operator_of(node) in _ARITHMETIC:
            found = (near, *(owner_of(side, scope) for side in sides))
            term = next((owner for owner in found if owner[1]), NOWHERE)
        for side in sides:
            self.visit(side, scope, near=term)

    def _select(self, node: Any, scope: Scope) -> None:
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

    def _limits(self, node: Any, scope: Scope) -> None:
        for value, role in ((node.limit_count, Role.LIMIT), (node.limit_offset, Role.OFFSET)):
            self._give(value, NOWHERE, role, scope)

    def _common(self, node: Any, scope: Scope) -> None:
        for wrapped in node.with_clause.ctes if node.HasField("with_clause") else ():
            expression = postgast.unwrap_node(wrapped)
            self.visit(expression.ctequery, scope)
            scope.common[expression.ctename] = self._derived(expression.ctequery, scope)

    def _derived(self, query: Any, scope: Scope) -> Source:
        """The columns of a subquery that are columns of tables."""
        query = postgast.unwrap_node(query)
        if kind_of(query) != "SelectStmt":
            return Source()
        inner = scope.inner()
        for item in query.from_clause:
            _Search(self._catalog)._from(item, inner)  # noqa: SLF001 - its uses are told already
        columns: dict[str, Owner] = {}
        for wrapped in query.target_list:
            target = postgast.unwrap_node(wrapped)
            value = postgast.unwrap_node(target.val)
            if kind_of(value) != "ColumnRef":
                continue
            names = strings_of(value.fields)
            if len(names) == len(value.fields):
                columns[target.name or names[-1]] = inner.owner(names)
            else:
                columns |= {
                    c.name: (s.table, c.name) for s in inner.sources.values() if s.known for c in s.known.columns
                }
        return Source(columns=columns)

    def _from(self, node: Any, scope: Scope) -> None:
        node = postgast.unwrap_node(node)
        match kind_of(node):
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

    def _source(self, relation: Any, scope: Scope) -> Source:
        expression = None if relation.schemaname else scope.table_expression(relation.relname)
        if expression is not None:
            return expression
        written = ".".join(quoted(part) for part in (relation.schemaname, relation.relname) if part)
        known = self._catalog.find(relation.relname, schema=relation.schemaname) if self._catalog else None
        return Source(written, known)

    def _insert(self, node: Any, scope: Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        source = self._source(node.relation, Scope())
        named = [str(postgast.unwrap_node(column).name) for column in node.cols]
        columns = named or ([column.name for column in source.known.columns] if source.known else [])
        query = postgast.unwrap_node(node.select_stmt)
        if kind_of(query) == "SelectStmt":
            self._stored(query, [(source.table, column) for column in columns], inner)
        inner.sources[node.relation.alias.aliasname or node.relation.relname] = source
        inner.sources["excluded"] = source
        self._set(node.on_conflict_clause.target_list, source, inner)
        self.visit(node.on_conflict_clause.where_clause, inner)
        self.visit(node.on_conflict_clause.infer, inner)
        self.visit(node.returning_clause, inner)

    def _stored(self, query: Any, owners: Sequence[Owner], scope: Scope) -> None:
        """A row source of INSERT: parameters that stand alone are stored in the column at their place."""
        if not query.values_lists:
            for target, owner in zip(query.target_list, owners, strict=False):
                value = bare(postgast.unwrap_node(target).val)
                if kind_of(value) == "ParamRef":
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

    def _stored_values(self, query: Any, owners: Sequence[Owner]) -> None:
        """INSERT … SELECT a, b FROM (VALUES …) AS v(a, b), as SQLAlchemy writes many rows."""
        for wrapped in query.from_clause:
            source = postgast.unwrap_node(wrapped)
            values = postgast.unwrap_node(source.subquery) if kind_of(source) == "RangeSubselect" else None
            if values is None or not getattr(values, "values_lists", None):
                continue
            places = {name: place for place, name in enumerate(strings_of(source.alias.colnames))}
            for target, owner in zip(query.target_list, owners, strict=False):
                column = bare(postgast.unwrap_node(target).val)
                place = places.get(strings_of(column.fields)[-1]) if kind_of(column) == "ColumnRef" else None
                for row in values.values_lists if place is not None else ():
                    value = bare(postgast.unwrap_node(row).items[place])
                    if kind_of(value) == "ParamRef":
                        self._add(value, owner, Role.INSERTED)

    def _update(self, node: Any, scope: Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        source = self._source(node.relation, Scope())
        inner.sources[node.relation.alias.aliasname or node.relation.relname] = source
        for item in node.from_clause:
            self._from(item, inner)
        self._set(node.target_list, source, inner)
        self.visit(node.where_clause, inner)
        self.visit(node.returning_clause, inner)

    def _set(self, targets: Iterable[Any], source: Source, scope: Scope) -> None:
        for wrapped in targets:
            target = postgast.unwrap_node(wrapped)
            value = postgast.unwrap_node(target.val)
            if kind_of(value) == "MultiAssignRef":
                row = postgast.unwrap_node(value.source)
                if kind_of(row) == "RowExpr":
                    value = row.args[value.colno - 1]
                elif value.colno > 1:
                    continue  # the subquery is searched once
                else:
                    value = row
            self._give(value, (source.table, str(target.name)), Role.SET, scope)

    def _delete(self, node: Any, scope: Scope) -> None:
        inner = scope.inner()
        self._common(node, inner)
        inner.sources[node.relation.alias.aliasname or node.relation.relname] = self._source(node.relation, Scope())
        for item in node.using_clause:
            self._from(item, inner)
        self.visit(node.where_clause, inner)
        self.visit(node.returning_clause, inner)


def _endless(owners: Sequence[Owner]) -> Iterator[Owner]:
    yield from owners
    while True:
        yield NOWHERE
