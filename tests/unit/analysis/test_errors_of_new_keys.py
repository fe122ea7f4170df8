"""Some writes of the old application meet a key that the migration made: no chance of the values drawn."""

import pytest

from harness.events.versions import CallError, OperationProbed, StateReached
from harness.model.words import Pass, PhaseKind
from tests.unit.analysis.hazard_histories import found, s1
from tests.unit.analysis.histories import MS, Builder

_ADD = "ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers NOT VALID"
_REFUSED = 'insert or update on table "orders" violates foreign key constraint "{}"'

_STATEMENTS = ("SELECT id FROM orders", "INSERT INTO orders (note) VALUES ($1)")


def _some_fail(sql: str, sqlstate: str, message: str, *, at: int = 0) -> Builder:
    """One of three executions fails after going up."""
    builder = s1(sql).operation(1, "pay", writes=("public.orders",), sql=_STATEMENTS)
    builder.phase(PhaseKind.VERSIONS, 1, 2, pass_=Pass.PROBE)
    for number, errors in enumerate(((), (CallError(sqlstate=sqlstate, count=1, statement=at, message=message),))):
        builder.add(
            StateReached(
                at_ns=MS, pass_=Pass.PROBE, state=number, statements=("S1",) * number, name=("before", "up")[number]
            )
        )
        builder.add(
            OperationProbed(
                at_ns=MS, pass_=Pass.PROBE, state=number, operation="pay", version="", executions=3, errors=errors
            )
        )
    return builder


@pytest.mark.parametrize("name", ["orders_customer_fk", "orders_old_fk", "customer_fk"])
def test_a_new_foreign_key_breaks_the_application_and_an_old_one_does_not(name: str) -> None:
    builder = _some_fail(_ADD, "23503", _REFUSED.format(name))
    assert bool(found(builder, "breaks_old_app")) is (name == "orders_customer_fk")


def test_a_new_unique_index() -> None:
    message = 'duplicate key value violates unique constraint "orders_note"'
    assert found(_some_fail("CREATE UNIQUE INDEX orders_note ON orders (note)", "23505", message), "breaks_old_app")
    assert not found(_some_fail("UPDATE orders SET orders_note = 1", "23505", message), "breaks_old_app")


def test_a_sequence_at_its_end() -> None:
    builder = _some_fail("SELECT setval('s', 2147483645)", "2200H", "nextval: reached maximum value of sequence …")
    assert found(builder, "breaks_old_app")
    assert found(builder, "id_exhaustion_or_overflow")


@pytest.mark.parametrize("at", [0, 1])
def test_the_statement_that_failed_is_shown(at: int) -> None:
    builder = _some_fail("ALTER TABLE orders DROP COLUMN note", "42703", 'column "note" does not exist', at=at)
    [finding] = found(builder, "breaks_old_app")
    assert _STATEMENTS[at] in finding.evidence
    assert _STATEMENTS[1 - at] not in finding.evidence
