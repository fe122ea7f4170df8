"""Values come from the clone; what does not fit is told before the run, with operation and parameter."""

from pathlib import Path
from typing import Any

import pytest

from harness.model.errors import SpecError
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.fitness import check_operations
from harness.rehearsal.traffic.samples import ledger_keys, load_samples
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.workload import Workload, build_workload

pytestmark = pytest.mark.postgres


def workload(sql: str, version: str = "", **params: Any) -> Workload:
    operation = OperationSpec(name="op", sql=sql, params=params, version=version)
    always = OperationSpec(name="always", sql="SELECT 1")
    return build_workload(TrafficSpec(operation=(operation, always)), path=Path("s.toml"))


def sampled(conn: Connection, expression: str, *, seed: int = 1, limit: int = 10_000) -> tuple[str, ...]:
    samples = load_samples(conn, workload("SELECT :p", p=expression), seed=seed, limit=limit)
    ((_, values),) = samples.columns.items()
    return tuple(values)


def test_values_are_those_of_the_column_in_a_random_but_repeatable_order(shop: Connection) -> None:
    values = sampled(shop, "sample(orders.id)")
    assert sorted(values, key=int) == [str(i) for i in range(1, 2001)]
    assert values != tuple(sorted(values, key=int))
    assert values == sampled(shop, "zipf(orders.id)")
    assert values != sampled(shop, "sample(orders.id)", seed=2)


def test_frequencies_are_kept(shop: Connection) -> None:
    shop.execute("UPDATE orders SET n = CASE WHEN id <= 1500 THEN 1 END")
    values = sampled(shop, "sample(orders.n)")
    assert values == ("1",) * 1500


def test_a_large_table_is_sampled_and_a_view_is_read(shop: Connection) -> None:
    shop.execute("INSERT INTO items SELECT g, 1, 'x' FROM generate_series(1, 250000) g")
    shop.execute("ANALYZE items")
    values = sampled(shop, "sample(items.order_id)", limit=1000)
    assert len(set(values)) == 1000
    assert max(map(int, values)) > 200_000
    assert values == sampled(shop, "sample(items.order_id)", limit=1000)
    shop.execute("CREATE OR REPLACE VIEW seen AS SELECT id FROM orders WHERE id <= 10")
    assert sorted(map(int, sampled(shop, "sample(seen.id)"))) == list(range(1, 11))


def test_quoted_and_folded_names(shop: Connection) -> None:
    shop.execute('CREATE TABLE "Odd Table" ("Key" int); INSERT INTO "Odd Table" VALUES (5)')
    assert sampled(shop, 'sample("Odd Table"."Key")') == ("5",)
    assert len(sampled(shop, "sample(Public.Orders.ID)")) == 2000


def test_a_hint_names_what_there_is_with_the_quotes_that_it_needs(shop: Connection) -> None:
    shop.execute('CREATE TABLE "Customer" ("createdAt" date)')
    with pytest.raises(SpecError, match=r'did you mean "Customer"\?'):
        sampled(shop, "sample(Customer.id)")
    with pytest.raises(SpecError, match=r'did you mean "createdAt"\?'):
        sampled(shop, 'sample("Customer".createdAt)')


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("sample(ordres.id)", "no table ordres.*\n.*did you mean orders"),
        ("sample(orders.idd)", "orders has no column idd.*\n.*did you mean id"),
        ("sample(items.order_id)", "items.order_id has no values"),
    ],
)
def test_what_cannot_be_sampled_names_operation_and_parameter(shop: Connection, expression: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        sampled(shop, expression)
    assert caught.value.key == "traffic.operation (op).params.p"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM gone", 'relation "gone" does not exist \\(42P01\\)'),
        ("SELECT missing FROM orders", 'column "missing" does not exist'),
        ("SELECT :p + :p", 'operator is not unique.*42725.*\n.*traffic.protocol = "simple"'),
    ],
)
def test_an_operation_that_does_not_fit_is_told_before_the_run(shop: Connection, sql: str, message: str) -> None:
    params: dict[str, Any] = {"p": 1} if ":p" in sql else {}
    with pytest.raises(SpecError, match=message) as caught:
        check_operations(shop, workload(sql, **params), mix={})
    assert caught.value.key == "traffic.operation (op)"


def test_an_operation_of_the_next_version_may_need_the_migration(shop: Connection) -> None:
    check_operations(shop, workload("SELECT role FROM orders", version="new"), mix={"old": 1.0})
    with pytest.raises(SpecError, match="role"):
        check_operations(shop, workload("SELECT role FROM orders", version="new"), mix={"new": 1.0})


def test_the_ledger_follows_tables_with_a_primary_key(shop: Connection) -> None:
    shop.execute("CREATE TABLE IF NOT EXISTS keyless (a int)")
    shop.execute("CREATE TABLE IF NOT EXISTS dated (at timestamptz, n int, PRIMARY KEY (at, n))")
    shop.execute('CREATE TABLE "Odd Table" (id int PRIMARY KEY)')
    both = build_workload(
        TrafficSpec(
            operation=(
                OperationSpec(name="a", sql="INSERT INTO items VALUES (1, 2, 'x')"),
                OperationSpec(name="b", sql="DELETE FROM public.orders WHERE id = 1"),
                OperationSpec(name="c", sql="INSERT INTO keyless VALUES (1)"),
                OperationSpec(name="d", sql="INSERT INTO dated VALUES (now(), 1)"),
                OperationSpec(name="e", sql='INSERT INTO "Odd Table" VALUES (1)'),
            )
        ),
        path=Path("s.toml"),
    )
    assert ledger_keys(shop, both) == {
        "public.Odd Table": ("id",),
        "public.items": ("order_id", "place"),
        "public.orders": ("id",),
    }
