"""Computes parts of expressions beforehand: what depends on nothing but constants."""

from collections.abc import Mapping
from random import Random
from typing import Final

from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.nodes import Call, Case, Constant, Expression, Variable
from harness.spec.pgbench.values import ExpressionError

# Functions that give the same for the same arguments, and need neither the client's random source nor its variables.
_PURE: Final = frozenset({"+", "-", "*", "/", "%", "mod", "abs", "int", "double", "least", "greatest"})


def fold(expression: Expression, known: Mapping[str, int | float | bool]) -> Expression:
    """`expression` with the variables of `known` put in and what is then constant computed.

    What fails to compute is left as it is: it fails where it is run.

    >>> fold(Call("*", (Constant(100), Variable("scale"))), {"scale": 10})
    Constant(value=1000)
    """
    match expression:
        case Variable(name) if name in known:
            return Constant(known[name])
        case Call(function, arguments):
            return _computed(Call(function, tuple(fold(argument, known) for argument in arguments)))
        case Case(branches, default):
            folded = tuple((fold(condition, known), fold(result, known)) for condition, result in branches)
            return Case(folded, fold(default, known))
        case _:
            return expression


def _computed(call: Call) -> Expression:
    if call.function not in _PURE or not all(isinstance(argument, Constant) for argument in call.arguments):
        return call
    try:
        value = compile_expression(call)(Client(Random(0)))  # noqa: S311 - nothing random is called
    except ExpressionError:
        return call
    return call if isinstance(value, str) else Constant(value)
