"""A derived workload written as TOML is the same workload when it is read."""

import tomllib
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.decode import decode_scenario
from harness.spec.scenario import OperationSpec, RetrySpec, StatementSpec
from harness.workload.derived import Coverage, Derived, Uncovered
from harness.workload.toml import operations_toml

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["SELECT 1\nFROM t", "a'''b\nc", "it's\n'", 'say "x"\\n', "\ttab\r\n", "é\x7f\x00", "\nleading"]
)
_numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_retries = st.builds(RetrySpec, on=st.lists(_texts).map(tuple), attempts=st.integers(1, 9), backoff=_texts)
# No variables are (), which is not written; an empty name is none either.
_variables = st.just(()) | _texts.filter(bool) | st.lists(_texts, min_size=1).map(tuple)
_statements = st.builds(StatementSpec, sql=_texts, into=_variables, when=_texts, think=_texts)
_operations = st.builds(
    OperationSpec,
    name=_texts,
    weight=st.floats(0, 1e12),
    version=_texts,
    sql=_texts | st.lists(_texts | _statements, min_size=1).map(tuple),
    params=st.dictionaries(_texts, _texts | _numbers),
    pipeline=st.booleans(),
    retry=st.none() | _retries,
    expected=st.lists(_texts).map(tuple),
)
_uncovered = st.builds(
    Uncovered, statement=_texts, calls=st.integers(0, 2**40), time_ns=st.integers(0, 2**60), reason=_texts
)


@given(st.lists(_operations, max_size=4), st.lists(_uncovered, max_size=3), st.lists(_texts, max_size=2), _texts)
def test_operations_read_back_equal(
    operations: list[OperationSpec], uncovered: list[Uncovered], notes: list[str], source: str
) -> None:
    coverage = Coverage(source, 10, 5, 1_000, 10, tuple(uncovered))
    text = operations_toml(Derived(tuple(operations), 12.5, coverage, notes=tuple(notes)))
    read = tomllib.loads(text).get("traffic", {}).get("operation", [])
    assert tuple(msgspec.convert(operation, OperationSpec) for operation in read) == tuple(operations)


def test_a_scenario_takes_the_text_as_it_is() -> None:
    operation = OperationSpec(
        name="read", sql="SELECT id\n  FROM orders WHERE id = :id", params={"id": "sample(orders.id)"}
    )
    text = operations_toml(Derived((operation,), None, Coverage("auto", 1, 1, 0, 0)))
    scenario = decode_scenario({"name": "x", **tomllib.loads(text)}, path=Path("scenario.toml"))
    assert scenario.traffic.operation == (operation,)
    assert "'''\nSELECT id\n  FROM orders WHERE id = :id'''" in text
