"""SQLSTATE classes against the manual's whole list, as psycopg carries it."""

import pytest
from psycopg import errors

from harness.model.sqlstate import ABANDONED, POOL_FULL, POOL_TIMEOUT, ErrorClass, breaks_application, classify

STATES = sorted(
    {
        state
        for one in vars(errors).values()
        if isinstance(one, type) and isinstance(state := getattr(one, "sqlstate", None), str) and len(state) == 5
    }
)

# Transaction states, cursors, routines, foreign data wrappers, PL/pgSQL's own and internal errors: what they mean to an
# application depends on the application.
OTHER_CLASSES = {
    "02", "03", "09", "0B", "0F", "0Z", "10", "24", "25", "2D", "2F", "34", "38", "39", "3B", "55", "57", "F0", "HV",
    "P0", "XX",
}  # fmt: skip


def test_every_state_of_the_manual_has_a_class_but_those_that_say_nothing() -> None:
    assert len(STATES) > 230
    assert {state[:2] for state in STATES if classify(state) is ErrorClass.OTHER} == OTHER_CLASSES


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("3F000", ErrorClass.SCHEMA), ("2BP01", ErrorClass.SCHEMA), ("55P04", ErrorClass.SCHEMA),
        ("55006", ErrorClass.LOCK),
        ("44000", ErrorClass.CONSTRAINT), ("40002", ErrorClass.CONSTRAINT), ("40003", ErrorClass.CONNECTION),
        ("26000", ErrorClass.CONNECTION), ("25006", ErrorClass.CONNECTION), ("28P01", ErrorClass.PRIVILEGE),
        ("53300", ErrorClass.CAPACITY), ("58030", ErrorClass.CAPACITY), ("21000", ErrorClass.DATA),
        ("25P04", ErrorClass.TIMEOUT), ("25P02", ErrorClass.OTHER), ("XX000", ErrorClass.OTHER),
        (POOL_TIMEOUT, ErrorClass.CAPACITY), (POOL_FULL, ErrorClass.CAPACITY), (ABANDONED, ErrorClass.TIMEOUT),
    ],
)  # fmt: skip
def test_class(state: str, expected: ErrorClass) -> None:
    assert classify(state) is expected


def test_our_own_states_are_no_states_of_the_server() -> None:
    assert not {POOL_TIMEOUT, POOL_FULL, ABANDONED} & set(STATES)


def test_a_schema_that_is_gone_breaks_the_application() -> None:
    assert breaks_application("3F000")
    assert not breaks_application("55006")
