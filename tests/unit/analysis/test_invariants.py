"""Acknowledged writes that going up loses are missed rows, unless it deletes rows there by itself."""

from harness.events.verification import DestroyedByUp, LedgerChecked
from harness.model.words import Direction, Pass
from tests.unit.analysis.hazard_histories import found, s1
from tests.unit.analysis.histories import Builder


def _lost(*, back: bool = False) -> Builder:
    builder = s1("ALTER TABLE orders_new RENAME TO orders")
    if not back:
        builder.events = [e for e in builder.events if getattr(e, "direction", None) is not Direction.DOWN]
    return builder.add(
        LedgerChecked(
            at_ns=1, acknowledged=93, kept=86, missing={"public.orders": 7}, not_followed=(), after_rollback=back
        )
    )


def test_acknowledged_writes_that_going_up_loses() -> None:
    (one,) = found(_lost(), "trigger_missed_rows")
    assert (one.title, one.relation) == ("7 acknowledged writes to orders lost", "public.orders")


def test_rows_that_it_deletes_anyway_are_destroyed_and_not_missed() -> None:
    deleted = DestroyedByUp(at_ns=1, pass_=Pass.TRACE, items=("7,500 of 10,000 rows of public.orders",), changed=())
    assert found(_lost().add(deleted), "trigger_missed_rows") == []


def test_where_the_way_back_was_gone_it_may_have_lost_them() -> None:
    assert found(_lost(back=True), "trigger_missed_rows") == []
