"""Parameters on a real server: how tables are sampled, what runs draw, and what is told before the run."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness.model.errors import SpecError
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.fitness import _refused_casts, check_operations
from harness.rehearsal.traffic.misses import exhaustion
from harness.rehearsal.traffic.samples import load_samples
from harness.rehearsal.traffic.sampling import SampleSizes
from harness.spec.params import (
    CompactValues,
    KeyStart,
    SampleColumn,
    SampledRow,
    Samples,
    Scale,
    Sources,
    compile_parameters,
)
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.workload import Workload, build_workload
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres

SECOND = 1_000_000_000
SMALL = SampleSizes(keep=400, whole=500, scanned=1_000)
"""The shop's 2,000 orders are a big table by these, 30,000 items are, too."""


def workload(*operations: OperationSpec) -> Workload:
    return build_workload(TrafficSpec(operation=operations), path=Path("s.toml"))


def select(**params: Any) -> Workload:
    sql = "SELECT " + ", ".join(f":{name}::text" for name in params)
    return workload(OperationSpec(name="op", sql=sql, params=params))


@pytest.fixture
def big(shop: Connection) -> Iterator[Connection]:
    """The shop with 30,000 items of 10,000 orders: some 200 pages."""
    shop.execute("INSERT INTO items SELECT g / 3, g % 3, 'x' FROM generate_series(0, 29999) g; ANALYZE items")
    yield shop
    shop.execute("DROP VIEW IF EXISTS seen; DROP TABLE IF EXISTS parts, people")


def test_random_keys_are_looked_up_in_a_unique_index(shop: Connection) -> None:
    (values,) = load_samples(shop, select(p="sample(orders.id)"), seed=1, sizes=SMALL).columns.values()
    keys = [int(value) for value in values]
    assert len(set(keys)) == len(keys) == 400
    assert sum(keys) / len(keys) == pytest.approx(1_000, rel=0.1)
    again = load_samples(shop, select(p="sample(orders.id)"), seed=1, sizes=SMALL)
    assert list(again.columns.values()) == [values]
    shop.execute("SELECT pg_stat_force_next_flush()")
    row = shop.execute("SELECT idx_scan > 1000, seq_scan FROM pg_stat_user_tables WHERE relname = 'orders'").fetchone()
    assert row == (True, 1)  # two times 600 probes; the one scan is that of ANALYZE


def test_pages_are_sampled_thinly(big: Connection) -> None:
    samples = load_samples(big, select(a="row(items.order_id)", b="row(items.place)"), seed=1, sizes=SMALL)
    orders, places = samples.rows[SampledRow("items", ("order_id", "place"))]
    assert len(orders) > 200
    assert Counter(places).keys() == {"0", "1", "2"}
    together = big.execute(
        "SELECT count(*), count(DISTINCT (items.ctid::text::point)[0]) FROM items"
        " JOIN unnest(%s::int8[], %s::int4[]) k (o, p) ON (order_id, place) = (o, p)",
        [list(orders), list(places)],
    ).fetchone()
    assert together is not None
    assert together[0] == len(orders)  # every pair is a row
    assert together[1] > len(orders) / 8  # on so many pages


def test_partitions_and_views_are_sampled_evenly(big: Connection) -> None:
    big.execute("CREATE TABLE parts (id int, k int) PARTITION BY RANGE (k)")
    big.execute("CREATE TABLE parts_0 PARTITION OF parts FOR VALUES FROM (0) TO (1)")
    big.execute("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2)")
    big.execute("INSERT INTO parts SELECT g, g % 2 FROM generate_series(1, 8000) g; ANALYZE parts_0, parts_1")
    big.execute("CREATE VIEW seen AS SELECT order_id, place FROM items; ")
    needs = select(p="sample(parts.id)", k="sample(parts.k)", v="sample(seen.order_id)")
    samples = load_samples(big, needs, seed=1, sizes=SMALL)
    shares = Counter(samples.columns[SampleColumn("parts", "k")])
    assert min(shares.values()) > 0.3 * sum(shares.values())
    seen = [int(value) for value in samples.columns[SampleColumn("seen", "order_id")]]
    assert max(seen) > 9_000
    assert samples == load_samples(big, needs, seed=1, sizes=SMALL)


def test_a_large_sample_is_compact(big: Connection) -> None:
    (values,) = load_samples(big, select(p="sample(items.order_id)"), seed=1).columns.values()
    assert isinstance(values, CompactValues)
    assert len(values) == 30_000
    assert values.nbytes < 10 * len(values)


def drawn(samples: Samples, of: Workload, count: int) -> list[dict[str, str | None]]:
    draws = compile_parameters(of.operations[0].parameters, sources=Sources(samples, lambda: ""))
    random = Random(1)
    return [{name: draw(random) for name, draw in draws} for _ in range(count)]


def test_fitted_and_statistics_follow_pg_stats(shop: Connection) -> None:
    shop.execute(
        "CREATE TABLE people AS SELECT CASE WHEN g % 2 = 0 THEN 7 ELSE g END AS customer,"
        " CASE WHEN g % 4 > 0 THEN (g % 1000) / 10.0 END AS total,"
        " timestamptz '2024-01-01' + g * interval '1 hour' AS at, 'n' || g AS name"
        " FROM generate_series(1, 4000) g; ANALYZE people"
    )
    of = select(f="fitted(people.customer)", t="stats(people.total)", a="stats(people.at)", n="stats(people.name)")
    samples = load_samples(shop, of, seed=1)
    assert samples.statistics[SampleColumn("people", "at")].scale is Scale.TIMESTAMP
    values = drawn(samples, of, 4_000)
    assert sum(v["f"] == "7" for v in values) == pytest.approx(2_000, abs=160)
    assert len({v["f"] for v in values}) > 900
    assert sum(v["t"] is None for v in values) == pytest.approx(1_000, abs=160)
    assert all(0 <= float(v["t"]) < 100 for v in values if v["t"] is not None)
    assert {(v["a"] or "")[:4] for v in values} == {"2024"}
    assert all((v["n"] or "").startswith("n") for v in values)
    check_operations(shop, of, mix={}, samples=samples)
    shop.execute("DROP TABLE people")


def test_new_keys_begin_above_the_rows_and_the_sequence(shop: Connection) -> None:
    shop.execute("SELECT setval(pg_get_serial_sequence('orders', 'id'), 5000)")
    shop.execute(
        "CREATE TABLE people (id int2, code numeric(4), u uuid, name text); INSERT INTO people VALUES (100, 998)"
    )
    of = select(o="new_key(orders.id)", s="new_key(people.id)", c="new_key(people.code)", u="new_key(people.u)")
    keys = load_samples(shop, of, seed=1).new_keys
    assert keys[SampleColumn("orders", "id")] == KeyStart(10_005_000)
    assert keys[SampleColumn("people", "id")] == KeyStart(100 + (32_767 - 100) // 2)
    assert keys[SampleColumn("people", "code")] == KeyStart(998 + (9_999 - 998) // 2)
    assert keys[SampleColumn("people", "u")] == KeyStart(None)
    with pytest.raises(SpecError, match=r"integers and UUIDs, and people.name is of type text.*\n.*ORD-"):
        load_samples(shop, select(n="new_key(people.name)"), seed=1)
    shop.execute("UPDATE people SET id = 32000")
    with pytest.raises(SpecError, match="only 767 keys left"):
        load_samples(shop, select(n="new_key(people.id)"), seed=1)
    shop.execute("DROP TABLE people")


def test_inserts_of_several_processes_and_the_sequence_never_collide(rig: Rig) -> None:
    new = OperationSpec(
        name="new", sql="INSERT INTO orders (id, status) VALUES (:id, 'new')", params={"id": "new_key(orders.id)"}
    )
    own = OperationSpec(name="own", sql="INSERT INTO orders (status) VALUES ('own')")
    read = OperationSpec(
        name="read", sql="SELECT status FROM orders WHERE id = :id", params={"id": "inserted(orders.id)"}
    )
    gone = OperationSpec(
        name="gone", sql="DELETE FROM orders WHERE id = :id", params={"id": "once(orders.id)"}, weight=0.5
    )
    traffic = rig.start(new, own, read, gone, rate=400.0, actors=4, processes=2)
    began = traffic.begin()
    summary = traffic.stop(drain_ns=2 * SECOND, at_ns=began + 2 * SECOND)
    assert summary.failed == 0
    assert summary.errors == ()
    count = rig.conn.execute("SELECT count(*) FROM orders WHERE id > 10000000 AND status = 'new'").fetchone()
    assert count is not None
    assert count[0] > 100
    missed = {one.operation: one for one in summary.missed}
    assert missed[2].executions > 100
    assert missed[2].misses <= 0.1 * missed[2].executions  # sampled ones at first, some of which were deleted
    assert missed[3].misses == 0


def test_what_a_run_deletes_itself_is_counted_and_told_before(rig: Rig) -> None:
    rig.conn.execute("DELETE FROM orders WHERE id > 50; ANALYZE orders")
    gone = OperationSpec(name="gone", sql="DELETE FROM orders WHERE id = :id", params={"id": "sample(orders.id)"})
    read = OperationSpec(name="read", sql="SELECT * FROM orders WHERE id = :id", params={"id": "zipf(orders.id)"})
    traffic = rig.start(gone, read, rate=200.0, actors=2)
    assert rig.plan is not None
    (first, second) = exhaustion(rig.plan.workload, mix={}, operations=200.0, samples=rig.plan.samples)
    assert {first.operation, second.operation} == {"gone", "read"}
    assert first.missed_share > 0.3
    assert "rows whose orders.id was sampled" in first.message
    began = traffic.begin()
    summary = traffic.stop(drain_ns=2 * SECOND, at_ns=began + SECOND)
    assert summary.failed == 0
    misses = {one.operation: one.misses / one.executions for one in summary.missed}
    assert misses[0] > 0.2
    assert misses[1] > 0.1


CASES = [
    ("SELECT * FROM orders WHERE n = :p", "text(5)", r"does not fit its statement: .*22P02.*\n.*takes integer"),
    ("SELECT * FROM orders WHERE id = :p", "sample(orders.status)", r"does not fit.*\n.*takes bigint"),
    ("SELECT * FROM orders WHERE n = :p", "int(1, 99999999999)", r"out of range.*22003"),
    ("INSERT INTO items (order_id, place) VALUES (:p, 1)", "null(0.01, int(1, 9))", r"may be NULL, and items.order_id"),
    ("UPDATE orders SET id = :p", "null(1, 1)", "may be NULL, and orders.id takes none"),
    ("SELECT :p", "expr(1 / 0)", "fails: division by zero"),
    ("SELECT :p", "faker(emial)", "did you mean email"),
    ("SELECT :p", "faker(text, max_nb_chars=1)", "op"),
    ("SELECT :p", "row(items.order_id)", r"items has no row with order_id.*\n.*setup.*new_key.*inserted"),
    ("SELECT :p", "sample(items.order_id)", r"items.order_id has no values.*\n.*setup.*new_key.*inserted"),
    ("SELECT :p", "stats(items.order_id)", r"no statistics of items.order_id.*\n.*ANALYZE items"),
    ("SELECT :p", "inserted(orders.id)", r"no INSERT whose keys could be followed.*\n.*INSERT INTO orders"),
    ("SELECT :p", "new_key(orders.status)", "of type text"),
    ("SELECT :p", "row(orders.idd)", "orders has no column idd.*\n.*did you mean id"),
]


@pytest.mark.parametrize(("sql", "expression", "message"), CASES)
def test_what_would_fail_is_told_before_the_run(shop: Connection, sql: str, expression: str, message: str) -> None:
    of = workload(OperationSpec(name="op", sql=sql, params={"p": expression}))
    with pytest.raises(SpecError, match=message) as caught:
        check_operations(shop, of, mix={}, samples=load_samples(shop, of, seed=1))
    assert caught.value.key == "traffic.operation (op).params.p"
    assert caught.value.hint


def test_what_fits_passes(shop: Connection) -> None:
    sql = (
        "SELECT FROM orders WHERE id = :a AND n = :b AND status = :c AND :d::timestamptz > now() AND :e::jsonb <> '[]'"
    )
    params: dict[str, str | int | float] = {
        "a": "sample(orders.id)",
        "b": "null(0.5, int(1, 9))",
        "c": "faker(name)",
        "d": "now(-1 day, 1 day)",
        "e": "json(a: int(1, 9), b: choice('x\"y': 2, z: 1))",
    }
    of = workload(OperationSpec(name="op", sql=sql, params=params))
    check_operations(shop, of, mix={}, samples=load_samples(shop, of, seed=1))


def test_inserted_keys_of_an_empty_table_pass_where_null_does(shop: Connection) -> None:
    insert = OperationSpec(
        name="new", sql="INSERT INTO items (order_id, place) VALUES (:o, 1)", params={"o": "new_key(items.order_id)"}
    )
    read = OperationSpec(
        name="read", sql="SELECT FROM items WHERE order_id = :o", params={"o": "inserted(items.order_id)"}
    )
    of = workload(insert, read)
    check_operations(shop, of, mix={}, samples=load_samples(shop, of, seed=1))
    child = OperationSpec(
        name="child", sql="INSERT INTO items (order_id, place) VALUES (:o, 2)", params={"o": "inserted(items.order_id)"}
    )
    of = workload(insert, child)
    with pytest.raises(SpecError, match=r"may be NULL, and items.order_id takes none"):
        check_operations(shop, of, mix={}, samples=load_samples(shop, of, seed=1))


def test_before_postgresql_16_values_are_cast(shop: Connection) -> None:
    oids = [23, 25, 3802]  # int4, text, jsonb
    found = list(_refused_casts(shop, oids, [["1", "x"], ["anything"], ["{"]]))
    assert [(place, state) for place, state, _ in found] == [(0, "22P02"), (2, "22P02")]
    assert shop.info.transaction_status.name == "IDLE"
