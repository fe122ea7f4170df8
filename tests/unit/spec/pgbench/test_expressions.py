"""pgbench expressions: precedence, coercion, NULL, errors; tests/postgres/traffic compares with pgbench itself."""

from random import Random

import pytest

from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.nodes import Call, Constant, Variable
from harness.spec.pgbench.values import ExpressionError, to_text


def evaluate(text: str, **variables: float | bool | str | None) -> str:
    client = Client(Random(7), {"default_seed": 42, **variables})
    return to_text(compile_expression(parse_expression(text))(client))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("2 - 3 - 4", "-5"),
        ("2 + 3 | 4", "5"),
        ("1 | 2 & 3", "3"),
        ("~ 5 + 1", "-7"),
        ("not 1 = 2", "true"),
        ("1 = 1 and not 2 > 3 or false", "true"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("7 / 2.0", "3.5"),
        ("5.5 % 2", "0"),
        ("int(2.5)", "2"),
        ("int(-3.5)", "-4"),
        ("1 << 65", "2"),
        ("1 << -1", "-9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.0 / 0", "Infinity"),
        ("ln(0)", "-Infinity"),
        ("sqrt(-1)", "NaN"),
        ("power(2, 0.5)", "1.4142135623731"),
        ("exp(1000)", "Infinity"),
        ("least(1, 2.5)", "1"),
        ("greatest(3, 1, 2)", "3"),
        ("case when 0 then 1 else 2 end", "2"),
        ("CASE WHEN null THEN 1 WHEN 2 THEN 3 END", "3"),
        ("case when false then 1 end", "NULL"),
        ("null + 1", "NULL"),
        ("null and false", "NULL"),
        ("false and 1 / 0 = 1", "false"),
        ("null isnull", "true"),
        ("null isnull is null", "false"),
        ("1 is not null", "true"),
        ("1 is true", "false"),
        ("5.", "5"),
        (".5e1", "5"),
        ("hash(10, 5)", "5862924560876750601"),
        ("hash_fnv1a(10, 5)", "4876795174170569834"),
        ("hash(null)", "NULL"),
        ("permute(4, 5, 0)", "3"),
        ("permute(0, 1, 5432)", "0"),
        ("permute(587, 1000, 629090909393601798)", "200"),
        ("permute(-8980465567508426179, 3, 5432)", "0"),
        ("permute(3412234084236354409, 4611686018427387904, 5432)", "1024829519116969703"),
        ("2 < 2.5", "true"),
        ("1 = 2.0", "false"),
        ("abs(-5)", "5"),
        ("abs(-2.5)", "2.5"),
        ("pow(0, -1)", "Infinity"),
        ("pow(-2, 0.5)", "NaN"),
        ("pow(-10, 309)", "-Infinity"),
        ("random(null, 1)", "NULL"),
        ("debug(5)", "5"),
    ],
)
def test_values(text: str, expected: str) -> None:
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "sqlstate"),
    [
        ("9223372036854775807 + 1", "22003"),
        ("-9223372036854775808 / -1", "22003"),
        ("9223372036854775808", "22003"),
        ("1e400", "22003"),
        ("1 / 0", "22012"),
        ("1 % 0", "22012"),
        ("true = true", "42804"),
        ("not 1", "42804"),
        (":nothing + 1", "42704"),
        ("1 < 2 < 3", "42601"),
        ("1 +", "42601"),
        ("(1", "42601"),
        ("1 2", "42601"),
        ("case 1 when 1 then 2 end", "42601"),
        ("rando(1, 2)", "42883"),
        ("random(1)", "42883"),
        ("random(2, 1)", "22023"),
        ("random_gaussian(1, 9, 1.5)", "22023"),
        ("random_zipfian(1, 9, 1)", "22023"),
        ("random_exponential(1, 9, 0)", "22023"),
        ("permute(1, 0)", "22023"),
    ],
)
def test_errors_carry_the_sqlstate(text: str, sqlstate: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text)
    assert caught.value.sqlstate == sqlstate


def test_text_of_a_captured_column_is_typed_when_used() -> None:
    assert evaluate(":a + 1", a="41") == "42"
    assert evaluate(":a + 1", a="1.5") == "2.5"
    assert evaluate("not :a", a="yes") == "false"
    assert evaluate(":a is null", a="NULL") == "true"
    with pytest.raises(ExpressionError):
        evaluate(":a + 1", a="")


def test_an_unknown_function_names_the_nearest() -> None:
    with pytest.raises(ExpressionError, match="did you mean random_zipfian"):
        parse_expression("random_zipf(1, 2, 3)")


def test_the_tree_is_frozen_data() -> None:
    assert parse_expression("1 - :x") == Call("-", (Constant(1), Variable("x")))
