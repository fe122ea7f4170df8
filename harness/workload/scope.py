"""What names mean inside of a statement: the relations of each FROM clause, and whose a column is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import postgast

from harness.workload.catalog import Table

Owner: TypeAlias = tuple[str, str]
"""Table as SQL writes it, and column; `NOWHERE` where that is not known."""
NOWHERE: Final[Owner] = ("", "")


@dataclass(slots=True)
class Source:
    """A relation of a FROM clause: a table, or the columns of a subquery that are columns of tables."""

    table: str = ""
    known: Table | None = None
    columns: Mapping[str, Owner] = field(default_factory=dict)

    def owner(self, column: str) -> Owner | None:
        """Whose column this is; None where the source does not have it, or nobody knows."""
        if not self.table:
            return self.columns.get(column)
        return (self.table, column) if self.known is not None and self.known.column(column) else None


@dataclass(slots=True)
class Scope:
    """The relations that names mean here, and those around it."""

    outer: "Scope | None" = None
    sources: dict[str, Source] = field(default_factory=dict)
    common: dict[str, Source] = field(default_factory=dict)

    def inner(self) -> "Scope":
        """A scope inside of this one."""
        return Scope(self)

    def table_expression(self, name: str) -> Source | None:
        """The common table expression of this name."""
        found = self.common.get(name)
        return found if found or self.outer is None else self.outer.table_expression(name)

    def owner(self, names: Sequence[str]) -> Owner:
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
        return self.outer.owner(names) if self.outer is not None else NOWHERE


def kind_of(node: object) -> str:
    """The node's type by PostgreSQL's name."""
    return type(node).__name__


def bare(node: Any) -> Any:
    """The node inside of its wrapper and casts."""
    node = postgast.unwrap_node(node)
    return bare(node.arg) if kind_of(node) == "TypeCast" else node


def children_of(node: Any) -> Iterator[Any]:
    """The nodes directly below."""
    for descriptor, value in node.ListFields():
        if descriptor.message_type is None:
            continue
        yield from value if isinstance(value, Sequence) or hasattr(value, "append") else (value,)


def strings_of(nodes: Iterable[Any]) -> list[str]:
    """The parts of a name; a star has none."""
    return [str(inner.sval) for node in nodes if kind_of(inner := postgast.unwrap_node(node)) == "String"]


def owner_of(node: Any, scope: Scope) -> Owner:
    """The column that an expression is, seen through casts and functions of one column (lower(email))."""
    node = bare(node)
    if kind_of(node) == "ColumnRef":
        names = strings_of(node.fields)
        return scope.owner(names) if len(names) == len(node.fields) else NOWHERE
    if kind_of(node) == "FuncCall" and len(node.args) == 1:
        return owner_of(node.args[0], scope)
    return NOWHERE


def type_of(cast: Any) -> str:
    """The type that a cast is to, by its last name; arrays of any dimension end in []."""
    names = strings_of(cast.type_name.names)
    return (names[-1] if names else "") + ("[]" if cast.type_name.array_bounds else "")
