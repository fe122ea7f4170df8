"""The newest inserted keys: bounded, live, and without those that were deleted."""

from pathlib import Path

import pytest

from harness.rehearsal.traffic.inserted import InsertedRing, followed_column, inserted_ring
from harness.rehearsal.traffic.ledger import Ledger
from harness.spec.params import SampleColumn
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.targets import LedgerAction
from harness.spec.workload import build_workload

KEYS = {"public.items": ("order_id", "line"), "public.Order": ("id",)}
ITEMS = SampleColumn("items", "line")


def keys(*numbers: int) -> list[tuple[str, str]]:
    return [(str(number), f"l{number}") for number in numbers]


def test_a_column_is_live_and_told_by_the_ledger(tmp_path: Path) -> None:
    ring = InsertedRing(KEYS, wanted=["public.items"])
    column = ring.ring(ITEMS)
    assert len(column) == 0
    ledger = Ledger(tmp_path / "0.json", observe=ring.observe)
    ledger.acknowledge(LedgerAction.INSERT, "public.items", iter(keys(1, 2, 3, 2)))
    ledger.acknowledge(LedgerAction.INSERT, "public.Order", [("9",)])
    assert list(column) == ["l1", "l2", "l3"]
    assert list(column[1:]) == ["l2", "l3"]
    ledger.acknowledge(LedgerAction.DELETE, "public.items", keys(1, 7))
    assert sorted(column) == ["l2", "l3"]
    assert len(ledger) == 7  # four inserted, one of the other table, two deleted
    ledger.close()


def test_only_the_newest_are_kept() -> None:
    ring = InsertedRing(KEYS, wanted=["public.items"], kept=3)
    column = ring.ring(ITEMS)
    for number in range(10):
        ring.observe(LedgerAction.INSERT, "public.items", keys(number))
        assert len(column) <= 3
    assert sorted(column) == ["l7", "l8", "l9"]
    ring.observe(LedgerAction.DELETE, "public.items", keys(8, 1))
    ring.observe(LedgerAction.INSERT, "public.items", keys(10, 11))
    assert len(column) == 3
    assert {"l10", "l11"} < set(column)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (ITEMS, ("public.items", 1)),
        (SampleColumn('"Order"', "id"), ("public.Order", 0)),
        (SampleColumn("Order", "id"), None),
        (SampleColumn("items", "note"), None),
    ],
)
def test_columns_of_followed_keys(source: SampleColumn, found: tuple[str, int] | None) -> None:
    assert followed_column(source, KEYS) == found


def test_the_ring_holds_what_parameters_ask_for() -> None:
    operation = OperationSpec(name="read", sql="SELECT :l", params={"l": "null(0.5, inserted(items.line))"})
    ring = inserted_ring(build_workload(TrafficSpec(operation=(operation,)), path=Path("s.toml")), KEYS)
    assert len(ring.ring(ITEMS)) == 0
    with pytest.raises(KeyError):
        ring.ring(SampleColumn('"Order"', "id"))
