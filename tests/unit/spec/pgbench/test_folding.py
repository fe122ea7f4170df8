"""Folding changes how often an expression is computed, never its value."""

from random import Random

import pytest

from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.folding import fold
from harness.spec.pgbench.nodes import Call, Constant
from harness.spec.pgbench.values import ExpressionError

KNOWN = {"scale": 10, "half": 0.5}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("100000 * :scale", Constant(1_000_000)),
        (":half + 1", Constant(1.5)),
        ("abs(-:scale)", Constant(10)),
        ("random(1, 100000 * :scale)", Call("random", (Constant(1), Constant(1_000_000)))),
    ],
)
def test_what_is_constant_is_computed(text: str, folded: object) -> None:
    assert fold(parse_expression(text), KNOWN) == folded


@pytest.mark.parametrize(
    "text",
    [
        "random(1, 100000 * :scale)",
        "random(:n, :scale)",
        "random_zipfian(1, :scale * 3, 1.5)",
        "CASE WHEN :n > :scale THEN :half ELSE random(1, :scale) END",
        "hash(:scale) % 100",
        "random(1, 9000000000000000000)",
    ],
)
def test_values_are_the_same(text: str) -> None:
    expression = parse_expression(text)
    plain, folded = compile_expression(expression), compile_expression(fold(expression, KNOWN))
    one, other = (Client(Random(3), {**KNOWN, "n": 4, "default_seed": 5}) for _ in range(2))
    assert [plain(one) for _ in range(50)] == [folded(other) for _ in range(50)]


@pytest.mark.parametrize(("text", "state"), [("1 / (:scale - 10)", "22012"), ("random(:scale, 1)", "22023")])
def test_what_fails_fails_where_it_is_run(text: str, state: str) -> None:
    evaluate = compile_expression(fold(parse_expression(text), KNOWN))
    with pytest.raises(ExpressionError) as raised:
        evaluate(Client(Random(1), {}))
    assert raised.value.sqlstate == state
