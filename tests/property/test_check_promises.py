"""What the proofs before a run call ok is so: masked values satisfy each check that the original ones do."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.check_expressions import Columns, judge_check
from harness.snapshot.anonymize.findings import Level
from harness.snapshot.anonymize.guarantees import suits
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column, Schema
from harness.snapshot.anonymize.transforms.compile import compile_transform

KEYS: Final = Keys.random()
NUMBERS: Final[dict[str, Callable[[int], bool]]] = {
    "a > 0": lambda n: n > 0,
    "a >= 0": lambda n: n >= 0,
    "a < 0": lambda n: n < 0,
    "a <> 0": lambda n: n != 0,
    "a < 1000": lambda n: n < 1000,
    "a >= 100": lambda n: n >= 100,
    "a BETWEEN 10 AND 99": lambda n: 10 <= n <= 99,
    "a > 17": lambda n: n > 17,
    "a <= -3": lambda n: n <= -3,
    "a <= 17": lambda n: n <= 17,
    "a >= -3": lambda n: n >= -3,
    "a <= 1000": lambda n: n <= 1000,
    "a = 0": lambda n: n == 0,
    "a = 5": lambda n: n == 5,
}
TEXTS: Final[dict[str, Callable[[str], bool]]] = {
    "a ~ '^[A-Z]{2}[0-9]+$'": lambda t: re.search(r"^[A-Z]{2}[0-9]+$", t) is not None,
    r"a ~ '^[^@]+@[^@]+\.[a-z]+$'": lambda t: re.search(r"^[^@]+@[^@]+\.[a-z]+$", t) is not None,
    "a ~ '^A'": lambda t: t.startswith("A"),
    "a LIKE '%_@_%'": lambda t: re.search(".@.", t) is not None,
    "a LIKE '%a%'": lambda t: "a" in t,
    "a <> ''": lambda t: t != "",
    "length(a) <= 6": lambda t: len(t) <= 6,
    "octet_length(a) >= 4": lambda t: len(t.encode()) >= 4,
}


def masked(class_: Class, base: str, value: str) -> str:
    policy = ColumnPolicy(class_=class_)
    transform = compile_transform(policy, column=Column("a", base, base), domain="d", keys=KEYS)
    return transform(value.encode()).decode()


def is_proven(expression: str, class_: Class, base: str) -> bool:
    return judge_check(expression, Columns({"a": ColumnPolicy(class_=class_)}, {"a": base}, {})).level is Level.OK


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([Class.NUMBER, Class.ORDERED, Class.IDENTIFIER]),
    st.sampled_from(sorted(NUMBERS)),
    st.integers(-120, 1200) | st.integers(-(2**31), 2**31 - 1),
)
def test_numbers(class_: Class, expression: str, number: int) -> None:
    holds = NUMBERS[expression]
    assume(holds(number) and is_proven(expression, class_, "integer"))
    assert holds(int(masked(class_, "integer", str(number))))


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([Class.IDENTIFIER, Class.EMAIL, Class.TEXT, Class.NAME]),
    st.sampled_from(sorted(TEXTS)),
    st.from_regex(r"\A[A-Z]{2}[0-9]{1,8}\Z") | st.from_regex(r"\A[a-zA-Z0-9.]{1,8}@[a-z]{1,8}\.[a-z]{2,3}\Z")
    | st.text("aZ09 ä-_.@", max_size=12),
)  # fmt: skip
def test_texts(class_: Class, expression: str, text: str) -> None:
    holds = TEXTS[expression]
    assume(holds(text) and is_proven(expression, class_, "text"))
    assert holds(masked(class_, "text", text))


def test_enough_is_proven() -> None:
    assert [e for e in NUMBERS if is_proven(e, Class.NUMBER, "integer")] == [
        "a > 0", "a >= 0", "a < 0", "a <> 0", "a < 1000", "a >= 100", "a BETWEEN 10 AND 99", "a = 0",
    ]  # fmt: skip
    assert [e for e in NUMBERS if is_proven(e, Class.ORDERED, "integer")] == [
        "a > 0", "a >= 0", "a < 0", "a <> 0", "a >= 100", "a > 17", "a <= -3", "a = 0",
    ]  # fmt: skip
    assert [e for e in TEXTS if not is_proven(e, Class.EMAIL, "text")] == ["a ~ '^A'", "a LIKE '%a%'"]


@pytest.mark.parametrize("class_", [one for one in Class if one is not Class.UNCLASSIFIED], ids=lambda one: one.value)
@pytest.mark.parametrize(
    "base", ["text", "integer", "numeric", "money", "uuid", "date", "jsonb", "inet", "bytea", "boolean"]
)
def test_a_class_suits_a_type_where_its_transform_can_be_made(class_: Class, base: str) -> None:
    policy = ColumnPolicy(class_=class_, provider="company" if class_ is Class.FAKER else "")
    column = Column("a", base, base)
    try:
        compile_transform(policy, column=column, domain="d", keys=KEYS)
    except SnapshotError:
        made = False
    else:
        made = True
    assert suits(policy, column, Schema({}, {})) == made
