"""The parameters of one operation: rows they share, expressions over one another, keys dealt out once."""

from random import Random
from typing import Any

import pytest

from harness.spec.params import (
    KeyStart,
    SampleColumn,
    SampledRow,
    Samples,
    Sources,
    compile_batch,
    compile_parameter,
    compile_parameters,
    in_order,
    needed_columns,
    needs_faker,
    parse_parameter,
    referenced,
    sampled_rows,
)

ORDERS = SampleColumn("orders", "id")
ITEMS = SampledRow("items", ("line", "order_id"))
SAMPLES = Samples(
    columns={ORDERS: tuple(str(i) for i in range(100, 200))},
    rows={ITEMS: (("1", "2", "3"), ("10", "20", "30")), SampledRow("items", ("line",)): (("7",),)},
    new_keys={ORDERS: KeyStart(1_000), SampleColumn("users", "id"): KeyStart(None)},
)


def sources(**given: Any) -> Sources:
    return Sources(SAMPLES, lambda: "2026-01-02T03:04:05+00:00", **given)


def parameters(**written: str | int) -> list[tuple[str, Any]]:
    return [(name, parse_parameter(value)) for name, value in written.items()]


def executions(
    count: int = 100, /, *, given: Sources | None = None, **written: str | int
) -> list[dict[str, str | None]]:
    draws = compile_parameters(parameters(**written), sources=given or sources())
    random = Random(1)
    return [{name: draw(random) for name, draw in draws} for _ in range(count)]


def test_columns_of_a_row_come_together() -> None:
    drawn = executions(order="row(items.order_id)", line="row(items.line)")
    assert {(d["order"], d["line"]) for d in drawn} == {("10", "1"), ("20", "2"), ("30", "3")}


def test_two_rows_of_a_table_are_told_apart_by_name() -> None:
    drawn = executions(
        a="row(items.order_id)", b="row(items.line)", c="row(items.order_id, other)", d="row(items.line, other)"
    )
    assert all(int(d["a"] or 0) == 10 * int(d["b"] or 0) and int(d["c"] or 0) == 10 * int(d["d"] or 0) for d in drawn)
    assert len({(d["a"], d["c"]) for d in drawn}) == 9


def test_rows_are_asked_for_with_all_their_columns() -> None:
    assert sampled_rows(
        parameters(a="row(items.order_id)", b="row(items.line)", c="row(items.line, x)", d="int(1, 2)")
    ) == {
        ("items", ""): ITEMS,
        ("items", "x"): SampledRow("items", ("line",)),
    }
    assert compile_parameter(parse_parameter("row(items.line)"), sources=sources())(Random(1)) == "7"


def test_expressions_compute_with_the_other_parameters() -> None:
    drawn = executions(
        total="expr(:price * :n + 0.5)",
        n="int(1, 3)",
        price="expr(:n * 100)",
        none="expr(:gone + 1)",
        gone="null(1, 5)",
    )
    assert all(float(d["total"] or 0) == int(d["price"] or 0) * int(d["n"] or 0) + 0.5 for d in drawn)
    assert {d["none"] for d in drawn} == {None}
    assert {d["n"] for d in drawn} == {"1", "2", "3"}


def test_hash_has_a_seed() -> None:
    (one,), (other,) = (executions(1, given=sources(seed=seed), h="expr(hash(1))") for seed in (1, 2))
    assert one["h"] != other["h"]


def test_order_follows_use() -> None:
    given = parameters(a="expr(:b + :c)", b="expr(:c)", c="int(1, 2)")
    assert [name for name, _ in in_order(given)] == ["c", "b", "a"]
    assert referenced(given[0][1]) == {"b", "c"}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"a": "expr(:b)", "b": "expr(:a)"}, "circle: :a, :b"),
        ({"a": "expr(:a + 1)"}, "circle: :a"),
        ({"total": "expr(:prise)", "price": 1}, "did you mean :price"),
        ({"a": "null(0.5, expr(:nowhere))"}, "the operation's other parameters"),
    ],
)
def test_expressions_over_nothing_are_refused(written: dict[str, str | int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        in_order(parameters(**written))


def test_new_keys_of_several_processes_never_meet() -> None:
    keys = [
        str(compile_parameter(parse_parameter("new_key(orders.id)"), sources=given)(Random(1)))
        for given in (sources(lane=lane, lanes=3) for lane in range(3))
        for _ in range(4)
    ]
    assert sorted(map(int, keys)) == list(range(1_001, 1_013))


def test_new_keys_are_shared_by_the_operations_of_a_process() -> None:
    given = sources()
    draws = [compile_parameter(parse_parameter("new_key(orders.id)"), sources=given) for _ in range(2)]
    assert [draw(Random(1)) for draw in draws * 2] == ["1001", "1002", "1003", "1004"]


def test_new_keys_of_a_uuid_column_are_uuids() -> None:
    draw = compile_parameter(parse_parameter("new_key(users.id)"), sources=sources())
    random = Random(1)
    assert len({draw(random) for _ in range(50)} - {None}) == 50


def test_once_gives_each_value_once_over_all_processes_and_then_any() -> None:
    drawn: list[str | None] = []
    for lane in range(2):
        draw = compile_parameter(parse_parameter("once(orders.id)"), sources=sources(lane=lane, lanes=2))
        drawn += [draw(Random(1)) for _ in range(50)]
        assert draw(Random(1)) in SAMPLES.columns[ORDERS]
    assert len(set(drawn)) == 100


class Ring:
    """Inserted keys, as the ledger would fill them."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def ring(self, source: SampleColumn) -> list[str]:
        assert source == ORDERS
        return self.keys


def test_inserted_keys_take_over_from_sampled_ones() -> None:
    ring = Ring()
    draw = compile_parameter(parse_parameter("inserted(orders.id)"), sources=sources(inserted=ring))
    random = Random(1)
    assert draw(random) in SAMPLES.columns[ORDERS]
    ring.keys.append("900")
    assert {draw(random) for _ in range(20)} == {"900"}


def test_inserted_keys_of_an_empty_table_are_null_at_first() -> None:
    given = Sources(Samples(), lambda: "")
    assert compile_parameter(parse_parameter("inserted(orders.id)"), sources=given)(Random(1)) is None


@pytest.mark.parametrize(
    "written", ["sample(orders.id)", "zipf(orders.id)", "null(0.3, int(1, 9))", "text(3)", "7", "uuid()"]
)
def test_drawing_ahead_gives_the_same(written: str) -> None:
    parameter = parse_parameter(written)
    batch, draw = compile_batch(parameter, sources=sources()), compile_parameter(parameter, sources=sources())
    assert batch is not None
    ahead, singly, parts = Random(5), Random(5), Random(5)
    expected = [value if value is None else value.encode() for value in (draw(singly) for _ in range(60))]
    assert batch(ahead, 60) == expected
    assert batch(parts, 10) + batch(parts, 50) == expected


@pytest.mark.parametrize("written", ["now()", "row(items.line)", "expr(1)", "null(0.5, inserted(orders.id))"])
def test_what_depends_on_the_moment_is_not_drawn_ahead(written: str) -> None:
    assert compile_batch(parse_parameter(written), sources=sources()) is None


def test_what_is_inside_is_needed_too() -> None:
    given = [parse_parameter("json(a: null(0.5, sample(orders.id)), b: faker(email))")]
    assert needed_columns(given) == (ORDERS,)
    assert needs_faker(given)
