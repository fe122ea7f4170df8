"""How many executions will find no row, before the run."""

from pathlib import Path
from random import Random

import pytest

from harness.rehearsal.traffic.misses import exhaustion, expects_row, missed_once, missed_share
from harness.spec.params import SampleColumn, SampledRow, Samples
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.workload import Workload, build_workload

SAMPLES = Samples(
    {SampleColumn("orders", "id"): ["1"] * 1_000},
    {SampledRow("items", ("line", "order_id")): (["1"] * 500, ["1"] * 500)},
)


def workload(**operations: tuple[str, dict[str, str | int | float]]) -> Workload:
    specs = tuple(OperationSpec(name=name, sql=sql, params=params) for name, (sql, params) in operations.items())
    return build_workload(TrafficSpec(operation=specs), path=Path("s.toml"))


DELETE = "DELETE FROM orders WHERE id = :id"
READ = "SELECT * FROM orders WHERE id = :id"
ITEM = "DELETE FROM items WHERE order_id = :o AND line = :l"


@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        (READ, {"id": "sample(orders.id)"}, True),
        (READ, {"id": "inserted(public.orders.id)"}, True),
        (READ, {"id": "int(1, 9)"}, False),
        (READ, {"id": "sample(items.order_id)"}, False),
        (READ, {"id": "sample(orders.customer_id)"}, False),
        (READ, {"id": "null(0.5, sample(orders.id))"}, False),
        (ITEM, {"o": "row(items.order_id)", "l": "row(items.line)"}, True),
        (ITEM, {"o": "row(items.order_id)", "l": "int(1, 5)"}, False),
    ],
)
def test_who_expects_a_row(sql: str, params: dict[str, str | int | float], expected: bool) -> None:
    (operation,) = workload(op=(sql, params)).operations
    assert expects_row(operation, operation.statements[0]) is expected


def test_the_mean_over_the_run_is_what_a_simulation_finds() -> None:
    random, keys, deletes = Random(1), 500, 800
    gone: set[int] = set()
    missed = 0
    for _ in range(deletes):
        key = random.randrange(keys)
        missed += key in gone
        gone.add(key)
    assert missed_share(deletes, keys) == pytest.approx(missed / deletes, abs=0.03)
    assert missed_share(0, keys) == 0
    assert missed_once(100, 1_000) == 0.05
    assert missed_once(2_000, 1_000) == 0.75


def test_who_misses_how_much() -> None:
    sampled = workload(gone=(DELETE, {"id": "sample(orders.id)"}), read=(READ, {"id": "zipf(orders.id)"}))
    worst = exhaustion(sampled, mix={}, operations=2_000, samples=SAMPLES)
    assert [one.operation for one in worst] == ["gone", "read"]
    assert worst[0].missed_share == pytest.approx(missed_share(1_000, 1_000))
    assert worst[0].message.startswith("gone: 37% of its executions")
    assert exhaustion(sampled, mix={}, operations=100, samples=SAMPLES) == ()


def test_once_misses_nothing_until_all_are_used() -> None:
    once = workload(gone=(DELETE, {"id": "once(orders.id)"}), read=(READ, {"id": "sample(orders.id)"}))
    assert [one.operation for one in exhaustion(once, mix={}, operations=1_000, samples=SAMPLES)] == ["read"]
    shares = {one.operation: one.missed_share for one in exhaustion(once, mix={}, operations=4_000, samples=SAMPLES)}
    assert shares == {"gone": 0.5, "read": 0.75}


def test_rows_and_what_the_run_inserted() -> None:
    rows = workload(gone=(ITEM, {"o": "row(items.order_id)", "l": "row(items.line)"}))
    assert exhaustion(rows, mix={}, operations=500, samples=SAMPLES)[0].missed_share == pytest.approx(
        missed_share(500, 500)
    )
    inserted = workload(gone=(DELETE, {"id": "inserted(orders.id)"}))
    assert exhaustion(inserted, mix={}, operations=9_000, samples=SAMPLES) == ()
