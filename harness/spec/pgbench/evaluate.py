"""Compiles expression trees to closures over a client's variables and random source."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias, assert_never

from harness.spec.pgbench import distributions, hashing, permutation
from harness.spec.pgbench.nodes import Call, Case, Constant, Expression, Value, Variable
from harness.spec.pgbench.values import (
    ExpressionError,
    as_bool,
    as_double,
    as_int,
    in_range,
    is_true,
    typed,
    wrap,
)


@dataclass(slots=True)
class Client:
    """One pgbench client: its variables, which outlive a script's run, and its source of random numbers."""

    random: Random
    variables: dict[str, Value] = field(default_factory=dict)


_PLAIN: Final = 2**52  # widths that a double counts exactly, as in distributions.uniform
Evaluator: TypeAlias = Callable[[Client], Value]
"""Gives the value of an expression for a client; ExpressionError carries the SQLSTATE of what went wrong."""


def compile_expression(expression: Expression) -> Evaluator:
    """The closure of a tree; names and arities are already proven by the parser."""
    match expression:
        case Constant(value):
            return lambda _: value
        case Variable(name):
            return _variable(name)
        case Case(branches, default):
            return _case(
                [(compile_expression(condition), compile_expression(result)) for condition, result in branches],
                compile_expression(default),
            )
        case Call() if (plain := plain_range(expression)) is not None:
            low, width = plain
            return lambda client: low + int(client.random.random() * width)
        case Call(function, arguments):
            return _call(function, [compile_expression(argument) for argument in arguments])
        case _:
            assert_never(expression)


def plain_range(expression: Expression) -> tuple[int, int] | None:
    """The lowest value and the number of values of a random() between constants, nearly every \\set of a script.

    None for anything else, and where a double does not count the values exactly. The value is then
    `low + int(random() * width)`, with `random()` at least 0 and below 1.
    """
    match expression:
        case Call("random", (Constant(low), Constant(high))) if type(low) is int and type(high) is int:
            width = high - low + 1
            return (low, width) if 0 < width < _PLAIN else None
        case _:
            return None


def _variable(name: str) -> Evaluator:
    def read(client: Client) -> Value:
        try:
            value = client.variables[name]
        except KeyError:
            raise ExpressionError(f"undefined variable :{name}", sqlstate="42704") from None
        return typed(value) if type(value) is str else value

    return read


def _case(branches: list[tuple[Evaluator, Evaluator]], default: Evaluator) -> Evaluator:
    def choose(client: Client) -> Value:
        for condition, result in branches:
            if is_true(condition(client)):
                return result(client)
        return default(client)

    return choose


def _call(function: str, arguments: list[Evaluator]) -> Evaluator:
    if function in ("and", "or"):
        return _lazy(arguments[0], arguments[1], stop_at=function == "or")
    if function == "is":
        return _is(arguments[0], arguments[1])
    if function == "debug":
        return arguments[0]
    if function in _RANDOM:
        return _random(_RANDOM[function], arguments)
    if function in ("hash", "hash_fnv1a", "hash_murmur2", "permute"):
        arguments = _with_seed(function, arguments)
    return _strict(_FUNCTIONS[function], arguments)


def _lazy(left: Evaluator, right: Evaluator, *, stop_at: bool) -> Evaluator:
    def evaluate(client: Client) -> Value:
        first = left(client)
        if first is None:
            return None
        if as_bool(first) is stop_at:
            return stop_at
        second = right(client)
        return None if second is None else as_bool(second)

    return evaluate


def _is(operand: Evaluator, tested: Evaluator) -> Evaluator:
    def evaluate(client: Client) -> Value:
        value, wanted = operand(client), tested(client)
        return type(value) is type(wanted) and value == wanted

    return evaluate


def _random(draw: Callable[..., int], arguments: list[Evaluator]) -> Evaluator:
    def evaluate(client: Client) -> Value:
        values = [argument(client) for argument in arguments]
        if None in values:
            return None
        low, high = as_int(values[0]), as_int(values[1])
        return draw(client.random, low, high, *map(as_double, values[2:]))

    return evaluate


def _with_seed(function: str, arguments: list[Evaluator]) -> list[Evaluator]:
    wanted = 3 if function == "permute" else 2
    return arguments if len(arguments) == wanted else [*arguments, _variable("default_seed")]


def _strict(function: Callable[..., Value], arguments: list[Evaluator]) -> Evaluator:
    """NULL when an argument is NULL, as all functions but IS and debug."""
    if len(arguments) == 2:
        left, right = arguments

        def binary(client: Client) -> Value:
            a, b = left(client), right(client)
            return None if a is None or b is None else function(a, b)

        return binary

    def evaluate(client: Client) -> Value:
        values = [argument(client) for argument in arguments]
        return None if None in values else function(*values)

    return evaluate


def _arithmetic(
    name: str, ints: Callable[[int, int], int], doubles: Callable[[float, float], float]
) -> Callable[[Value, Value], Value]:
    def apply(a: Value, b: Value) -> Value:
        if type(a) is int and type(b) is int:
            return in_range(ints(a, b), name)
        if type(a) is float or type(b) is float:
            return doubles(as_double(a), as_double(b))
        return in_range(ints(as_int(a), as_int(b)), name)

    return apply


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, Value], Value]:
    def apply(a: Value, b: Value) -> Value:
        if type(a) is float or type(b) is float:
            return compare(as_double(a), as_double(b))
        return compare(as_int(a), as_int(b))

    return apply


def _bits(combine: Callable[[int, int], int]) -> Callable[[Value, Value], Value]:
    return lambda a, b: wrap(combine(as_int(a), as_int(b)))


def _quotient(a: int, b: int) -> int:
    """Truncating, as in C."""
    if b == 0:
        raise ExpressionError("division by zero", sqlstate="22012")
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


def _remainder(a: Value, b: Value) -> Value:
    dividend, divisor = as_int(a), as_int(b)
    return dividend - divisor * _quotient(dividend, divisor)


def _double_quotient(a: float, b: float) -> float:
    if b != 0.0:
        return a / b
    return math.nan if a == 0.0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: Value, b: Value) -> Value:
    """C's pow(): a pole is infinity, a result outside the reals NaN, never an error."""
    base, exponent = as_double(a), as_double(b)
    odd = exponent.is_integer() and exponent % 2 == 1
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base == 0.0:
            return math.copysign(math.inf, base) if odd else math.inf
        return math.nan


def _ln(value: Value) -> Value:
    x = as_double(value)
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


def _exp(value: Value) -> Value:
    try:
        return math.exp(as_double(value))
    except OverflowError:
        return math.inf


def _sqrt(value: Value) -> Value:
    x = as_double(value)
    return math.sqrt(x) if x >= 0 else math.nan


def _abs(value: Value) -> Value:
    return abs(value) if isinstance(value, float) else wrap(abs(as_int(value)))


def _extreme(pick: Callable[[list[float]], float]) -> Callable[..., Value]:
    def apply(*values: Value) -> Value:
        if any(isinstance(value, float) for value in values):
            return pick([as_double(value) for value in values])
        return pick([as_int(value) for value in values])

    return apply


def _permute(index: Value, size: Value, seed: Value) -> Value:
    if as_int(size) <= 0:
        raise ExpressionError("permute's size must be greater than zero", sqlstate="22023")
    return permutation.permute(as_int(index), as_int(size), as_int(seed))


_RANDOM: Final[Mapping[str, Callable[..., int]]] = {
    "random": distributions.uniform,
    "random_exponential": distributions.exponential,
    "random_gaussian": distributions.gaussian,
    "random_zipfian": distributions.zipfian,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "+": _arithmetic("bigint add", operator.add, operator.add),
    "-": _arithmetic("bigint sub", operator.sub, operator.sub),
    "*": _arithmetic("bigint mul", operator.mul, operator.mul),
    "/": _arithmetic("bigint div", _quotient, _double_quotient),
    "%": _remainder,
    "mod": _remainder,
    "=": _comparison(operator.eq),
    "<>": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    "|": _bits(operator.or_),
    "#": _bits(operator.xor),
    "&": _bits(operator.and_),
    "<<": _bits(lambda a, b: a << (b & 63)),  # the hardware takes the count modulo 64, and so pgbench
    ">>": _bits(lambda a, b: a >> (b & 63)),
    "not": lambda value: not as_bool(value),
    "abs": _abs,
    "double": as_double,
    "exp": _exp,
    "greatest": _extreme(max),
    "int": as_int,
    "least": _extreme(min),
    "ln": _ln,
    "permute": _permute,
    "pi": lambda: math.pi,
    "pow": _power,
    "power": _power,
    "sqrt": _sqrt,
    "hash": lambda value, seed: hashing.hash_murmur2(as_int(value), as_int(seed)),
    "hash_murmur2": lambda value, seed: hashing.hash_murmur2(as_int(value), as_int(seed)),
    "hash_fnv1a": lambda value, seed: hashing.hash_fnv1a(as_int(value), as_int(seed)),
}
