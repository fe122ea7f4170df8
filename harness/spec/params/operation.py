"""The parameters of one operation together: rows they share, expressions over one another."""

from collections.abc import Sequence
from difflib import get_close_matches
from random import Random
from typing import TypeAlias

from harness.spec.params.draw import Draw, Scope, compile_parameter
from harness.spec.params.nodes import Evaluated, Parameter, RowValue, SampledRow, walk
from harness.spec.params.sources import Sources
from harness.spec.pgbench.variables import names_in

Named: TypeAlias = Sequence[tuple[str, Parameter]]
"""The parameters of an operation, by name, as written."""


def referenced(parameter: Parameter) -> frozenset[str]:
    """The names that the expressions in `parameter` use."""
    return frozenset(
        name for inner in walk(parameter) if isinstance(inner, Evaluated) for name in names_in(inner.expression)
    )


def in_order(parameters: Named) -> tuple[tuple[str, Parameter], ...]:
    """`parameters`, each after those that its expression uses.

    ValueError where one is not there, or where they use one another in a circle.
    """
    known, done = dict(parameters), dict[str, Parameter]()
    under_way: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in under_way:
            circle = ", ".join(f":{other}" for other in under_way[under_way.index(name) :])
            raise ValueError(f"expr() in a circle: {circle} need one another")
        under_way.append(name)
        for other in sorted(referenced(known[name])):
            if other not in known:
                near = get_close_matches(other, known, n=1)
                hint = f"did you mean :{near[0]}?" if near else "expr() sees the operation's other parameters"
                raise ValueError(f"expr() of {name} uses :{other}, which is no parameter; {hint}")
            visit(other)
        done[name] = known[under_way.pop()]

    for name, _ in parameters:
        visit(name)
    return tuple(done.items())


def sampled_rows(parameters: Named) -> dict[tuple[str, str], SampledRow]:
    """The rows that `parameters` take, by table and name of the row, with all the columns that are asked of each."""
    columns: dict[tuple[str, str], set[str]] = {}
    for _, parameter in parameters:
        if isinstance(parameter, RowValue):
            columns.setdefault((parameter.source.table, parameter.row), set()).add(parameter.source.column)
    return {name: SampledRow(name[0], tuple(sorted(wanted))) for name, wanted in columns.items()}


def compile_parameters(parameters: Named, *, sources: Sources) -> tuple[tuple[str, Draw], ...]:
    """How the parameters of an operation are drawn: all of them, in this order, once an execution.

    ValueError and KeyError as `compile_parameter`, ValueError as `in_order`.
    """
    scope = Scope(sampled_rows(parameters))
    used = {name for _, parameter in parameters for name in referenced(parameter)}
    draws = []
    for name, parameter in in_order(parameters):
        draw = compile_parameter(parameter, sources=sources, scope=scope)
        draws.append((name, _kept(name, draw, scope) if name in used else draw))
    return tuple(draws)


def _kept(name: str, draw: Draw, scope: Scope) -> Draw:
    values = scope.values

    def keep(random: Random) -> str | None:
        value = values[name] = draw(random)
        return value

    return keep
