"""pgbench expressions: properties that hold for any input."""

from contextlib import suppress
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from harness.model.errors import SpecError
from harness.spec.pgbench.distributions import uniform, zipfian
from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.hashing import hash_fnv1a, hash_murmur2
from harness.spec.pgbench.nodes import Call, Case, Constant, Expression, Jump, JumpUnless, Value, Variable
from harness.spec.pgbench.permutation import permute
from harness.spec.pgbench.script import parse_script
from harness.spec.pgbench.values import INT64_MAX, INT64_MIN, ExpressionError, to_text
from harness.spec.placeholders import named_sql, pieces

INT64 = st.integers(INT64_MIN, INT64_MAX)
LEAVES = st.one_of(
    st.builds(Constant, st.integers(0, INT64_MAX)),
    st.builds(Constant, st.sampled_from([None, True, False])),
    st.builds(Variable, st.sampled_from(["x", "y"])),
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "%", "=", "<>", "<", "<=", "and", "or", "|", "#", "&", "<<", ">>"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda f, a, b: Call(f, (a, b)), OPERATORS, inner, inner),
        st.builds(lambda a: Call("not", (a,)), inner),
        st.builds(lambda a, b, c: Case(((a, b),), c), inner, inner, inner),
    ),
    max_leaves=12,
)


def write(tree: Expression) -> str:
    """The tree as text, every operator in parentheses."""
    match tree:
        case Constant(value):
            return to_text(value)
        case Variable(name):
            return f":{name}"
        case Call("not", (operand,)):
            return f"(not {write(operand)})"
        case Call(operator, (left, right)):
            return f"({write(left)} {operator} {write(right)})"
        case Case(((condition, result),), default):
            return f"case when {write(condition)} then {write(result)} else {write(default)} end"
    raise AssertionError(tree)


@given(TREES)
def test_text_and_tree_are_the_same(tree: Expression) -> None:
    assert parse_expression(write(tree)) == tree


@given(TREES, INT64, INT64)
def test_a_value_fits_in_64_bits_or_is_an_error_with_a_sqlstate(tree: Expression, x: int, y: int) -> None:
    value: Value = None
    with suppress(ExpressionError):
        value = compile_expression(tree)(Client(Random(0), {"x": x, "y": y}))
    assert value is None or isinstance(value, bool) or (isinstance(value, int) and INT64_MIN <= value <= INT64_MAX)


@given(st.text(max_size=40))
def test_any_text_parses_or_is_an_expression_error(text: str) -> None:
    with suppress(ExpressionError):
        assert parse_expression(text) == parse_expression(f"({text}\n)")


@given(st.integers(1, 300), INT64, st.integers(-1000, 1000))
def test_permute_is_a_permutation(size: int, seed: int, shift: int) -> None:
    assert sorted(permute(index + shift * size, size, seed) for index in range(size)) == list(range(size))


@given(INT64, INT64)
def test_hashes_are_signed_64_bit(value: int, seed: int) -> None:
    assert INT64_MIN <= hash_fnv1a(value, seed) <= INT64_MAX
    assert INT64_MIN <= hash_murmur2(value, seed) <= INT64_MAX


@given(st.integers(-(2**61), 2**61), st.integers(0, 2**61), st.integers(), st.floats(1.001, 50))
def test_draws_stay_in_their_range(low: int, width: int, seed: int, skew: float) -> None:
    assert low <= uniform(Random(seed), low, low + width) <= low + width
    narrow = min(width, 1000)
    assert low <= zipfian(Random(seed), low, low + narrow, skew) <= low + narrow


@given(st.text(alphabet="a:$'\"-/*\\;\nE 1", max_size=60))
def test_cutting_sql_loses_nothing(sql: str) -> None:
    assert "".join(piece for _, piece in pieces(sql)) == sql
    named = named_sql(sql)
    assert "".join(p if i % 2 == 0 else f":{p}" for i, p in enumerate(named.template)) == sql


@given(st.lists(st.sampled_from(["SELECT 1;", "\\if 1", "\\elif 0", "\\else", "\\endif", "\\set x 1", "\\sleep 1 us"])))
def test_jumps_of_any_accepted_script_stay_inside(lines: list[str]) -> None:
    try:
        script = parse_script("\n".join(lines), path="x")
    except SpecError:
        return
    for index, command in enumerate(script.commands):
        if isinstance(command, Jump | JumpUnless):
            assert index < command.target <= len(script.commands)
