"""The parser of pgbench expressions: text to a frozen tree, with the manual's operators and precedence."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from harness.spec.pgbench.nodes import Call, Case, Constant, Expression, Variable
from harness.spec.pgbench.values import INT64_MAX, INT64_MIN, ExpressionError

_TOKEN: Final = re.compile(
    r"""(?P<space>(?:[ \t\r\f\v\n]|\\\r?\n)+)
    |(?P<double>\d+(?:\.\d*)?[eE][-+]?\d+|\d+\.\d*|\.\d+(?:[eE][-+]?\d+)?)
    |(?P<integer>\d+)
    |:(?P<variable>[A-Za-z0-9_\u0080-\U0010ffff]+)
    |(?P<word>[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)
    |(?P<symbol><<|>>|<=|>=|<>|!=|[-+*/%=<>|&\#~(),])""",
    re.VERBOSE,
)
# Binding strength of the binary operators, weakest first: the manual's table "pgbench Operators" read bottom-up.
_OR, _AND, _NOT, _IS, _COMPARE, _BITS, _SUM, _PRODUCT, _UNARY = range(1, 10)
_BINARY: Final[Mapping[str, int]] = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("<", ">", "<=", ">=", "<>", "!=", "="), _COMPARE),
    **dict.fromkeys(("|", "#", "&", "<<", ">>"), _BITS),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%"), _PRODUCT),
}
_KEYWORDS: Final = frozenset(
    {"and", "or", "not", "is", "isnull", "notnull", "null", "true", "false", "case", "when", "then", "else", "end"}
)
_LITERALS: Final[Mapping[str, bool | None]] = {"null": None, "true": True, "false": False}

ARITY: Final[Mapping[str, tuple[int, int | None]]] = {
    **dict.fromkeys(("abs", "debug", "double", "exp", "int", "ln", "sqrt"), (1, 1)),
    **dict.fromkeys(("mod", "pow", "power", "random"), (2, 2)),
    **dict.fromkeys(("random_exponential", "random_gaussian", "random_zipfian"), (3, 3)),
    **dict.fromkeys(("hash", "hash_fnv1a", "hash_murmur2"), (1, 2)),
    **dict.fromkeys(("greatest", "least"), (1, None)),
    "permute": (2, 3),
    "pi": (0, 0),
}
"""Least and most arguments of each function of the manual's table "pgbench Functions"; None is no limit."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_expression(text: str) -> Expression:
    """The tree of `text`; ExpressionError (42601) names what is wrong and where.

    >>> parse_expression("1 + :x")
    Call(function='+', arguments=(Constant(value=1), Variable(name='x')))
    """
    parser = _Parser(_tokens(text))
    expression = parser.expression(_OR)
    parser.finish()
    return expression


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"unexpected character {text[at]!r} at column {at + 1}", sqlstate="42601")
        kind, found = match.lastgroup, match[match.lastgroup]
        if kind == "word" and found.lower() in _KEYWORDS:
            kind, found = "keyword", found.lower()
        if kind != "space":
            tokens.append(_Token(kind, found, at))
        at = match.end()
    tokens.append(_Token("finish", "", len(text)))
    return tokens


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _accept(self, text: str) -> bool:
        if self._next.kind in ("symbol", "keyword") and self._next.text == text:
            self._take()
            return True
        return False

    def expect(self, text: str) -> None:
        """Take the symbol or keyword `text`, or complain."""
        if not self._accept(text):
            raise self._unexpected()

    def finish(self) -> None:
        """Complain where something is left."""
        if self._next.kind != "finish":
            raise self._unexpected()

    def _unexpected(self) -> ExpressionError:
        token = self._next
        what = f"unexpected {token.text!r} at column {token.at + 1}" if token.text else "the expression ends too early"
        return ExpressionError(what, sqlstate="42601")

    def expression(self, floor: int) -> Expression:
        """An expression of operators that bind at least as strongly as `floor`."""
        left = self._prefixed()
        while True:
            strength = self._strength()
            if strength is None or strength < floor:
                return left
            token = self._take()
            if strength == _IS:
                left = self._is(left, token.text)
            else:
                left = _binary(token.text, left, self.expression(strength + 1))
            if strength == _COMPARE and self._strength() == _COMPARE:
                raise self._unexpected()  # comparisons do not associate: a < b < c is an error

    def _strength(self) -> int | None:
        token = self._next
        if token.kind not in ("symbol", "keyword"):
            return None
        return _IS if token.text in ("is", "isnull", "notnull") else _BINARY.get(token.text)

    def _is(self, operand: Expression, word: str) -> Expression:
        negated = word == "notnull" or (word == "is" and self._accept("not"))
        tested: bool | None = None
        if word == "is":
            if self._next.kind != "keyword" or self._next.text not in _LITERALS:
                raise self._unexpected()
            tested = _LITERALS[self._take().text]
        test = Call("is", (operand, Constant(tested)))
        return Call("not", (test,)) if negated else test

    def _prefixed(self) -> Expression:
        if self._accept("not"):
            return Call("not", (self.expression(_NOT),))
        if self._accept("+"):
            return self.expression(_UNARY)
        if self._accept("-"):
            if self._next.kind == "integer" and int(self._next.text) == INT64_MAX + 1:
                self._take()
                return Constant(INT64_MIN)
            return Call("-", (Constant(0), self.expression(_UNARY)))
        if self._accept("~"):  # binds like the other bit operators: ~ 5 + 1 is ~ (5 + 1)
            return Call("#", (Constant(-1), self.expression(_SUM)))
        return self._primary()

    def _primary(self) -> Expression:
        token = self._next
        if token.kind == "integer":
            return Constant(_integer(self._take().text))
        if token.kind == "double":
            return Constant(_double(self._take().text))
        if token.kind == "variable":
            return Variable(self._take().text)
        if token.kind == "word":
            return self._function(self._take())
        if token.kind == "keyword" and token.text in _LITERALS:
            return Constant(_LITERALS[self._take().text])
        if self._accept("case"):
            return self._case()
        if self._accept("("):
            inside = self.expression(_OR)
            self.expect(")")
            return inside
        raise self._unexpected()

    def _case(self) -> Expression:
        branches = []
        while self._accept("when"):
            condition = self.expression(_OR)
            self.expect("then")
            branches.append((condition, self.expression(_OR)))
        if not branches:
            raise self._unexpected()
        default: Expression = self.expression(_OR) if self._accept("else") else Constant(None)
        self.expect("end")
        return Case(tuple(branches), default)

    def _function(self, name: _Token) -> Expression:
        function = name.text.lower()
        if function not in ARITY:
            near = get_close_matches(function, ARITY, n=1)
            hint = f", did you mean {near[0]}?" if near else f"; the functions are {', '.join(sorted(ARITY))}"
            raise ExpressionError(f"unknown function {name.text!r}{hint}", sqlstate="42883")
        self.expect("(")
        arguments: list[Expression] = []
        if not self._accept(")"):
            arguments.append(self.expression(_OR))
            while self._accept(","):
                arguments.append(self.expression(_OR))
            self.expect(")")
        least, most = ARITY[function]
        if len(arguments) < least or (most is not None and len(arguments) > most):
            wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} or {most}"
            raise ExpressionError(f"{function}() takes {wanted} arguments, not {len(arguments)}", sqlstate="42883")
        return Call(function, tuple(arguments))


def _binary(operator: str, left: Expression, right: Expression) -> Expression:
    if operator == ">":
        return Call("<", (right, left))
    if operator == ">=":
        return Call("<=", (right, left))
    return Call({"!=": "<>"}.get(operator, operator), (left, right))


def _integer(text: str) -> int:
    value = int(text)
    if value > INT64_MAX:
        raise ExpressionError(f"integer {text} does not fit in 64 bits", sqlstate="22003")
    return value


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ExpressionError(f"double {text} is out of range", sqlstate="22003")
    return value
