"""Expected durations and holds at production's size, and when nothing is said."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import ExpectedFacts, StatementFacts
from harness.events.state import ProductionSized, ProductionTable
from harness.report.view.tables import expected_text
from tests.unit.analysis.histories import STRONG, Builder, busy

MB = 1024 * 1024
MS = 1_000_000
WIDEN = "ALTER TABLE orders ALTER total TYPE bigint"


def sized(builder: Builder, *, times: float = 10, here: int = 100 * MB) -> tuple[StatementFacts, ...]:
    """The statements of a run with production's statistics: orders `times` as large as `here`."""
    table = ProductionTable(
        relation="public.orders", partition_of="", rows=10_000 * times, heap_bytes=round(here * times)
    )
    builder.add(ProductionSized(at_ns=0, tables=(table,), settings={}))
    return analyse(builder.history()).statements


def rewrite(ms: float = 200, *, here: int = 100 * MB) -> Builder:
    builder = busy().statement("S1", WIDEN, end=10_000 + ms, lock_timeout_ms=200).locks("S1", STRONG)
    return builder.work("S1", rewritten=True, rows_scanned=10_000, bytes_before=here)


def expected(builder: Builder, **sizes: float) -> ExpectedFacts:
    found = sized(builder, **sizes)[0].at_production  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_rewrite_grows_with_the_bytes() -> None:
    found = expected(rewrite())
    assert (found.factor, found.duration_ns, found.held_ns) == (10, 2000 * MS, 2000 * MS)
    assert (found.held_low_ns, found.held_high_ns) == (800 * MS, 5000 * MS)
    assert expected_text(found) == "held ≈ 2,000 ms (800 ms to 5,000 ms)"


@pytest.mark.parametrize(("times", "spread"), [(1.5, 1.5), (10, 2.5), (0.1, 2.5), (150, 4), (900, 6)])
def test_the_interval_widens_with_the_factor(times: float, spread: float) -> None:
    found = expected(rewrite(), times=times)
    assert found.duration_ns is not None
    assert found.duration_high_ns == pytest.approx(found.duration_ns * spread)
    assert found.duration_low_ns == pytest.approx(found.duration_ns / spread)


def test_an_index_sorts_besides() -> None:
    builder = busy().statement("S1", "CREATE INDEX i ON orders (a)", end=10_200, tag="CREATE INDEX")
    builder.locks("S1", ("public.orders", "ShareLock")).work("S1", rows_scanned=10_000, bytes_before=100 * MB)
    found = expected(builder)
    assert found.factor == pytest.approx(10 * 5 / 4)


def test_what_does_not_grow_takes_as_long_as_here() -> None:
    found = expected(busy().statement("S1", "ALTER TABLE orders ADD c text").locks("S1", STRONG).work("S1"))
    assert (found.factor, found.held_ns) == (1, 3 * MS)
    assert expected_text(found) == "held as here"


def test_a_lock_is_held_through_what_follows() -> None:
    builder = busy().statement("S1", "ALTER TABLE orders ADD c text", end=10_003, transaction=1, commit=10_300)
    builder.locks("S1", STRONG).work("S1")
    builder.statement("S2", "UPDATE orders SET c = 1", start=10_100, end=10_300, tag="UPDATE", transaction=1)
    builder.work("S2", rows_updated=10_000, rows_scanned=10_000, bytes_before=100 * MB)
    first, second = sized(builder)
    assert first.at_production is not None
    assert second.at_production is not None
    assert first.at_production.held_ns == (3 + 2000) * MS
    assert (second.at_production.held_ns, second.at_production.duration_ns) == (None, 2000 * MS)
    assert expected_text(second.at_production).startswith("takes ≈ 2,000 ms")


@pytest.mark.parametrize(
    ("builder", "times", "reason"),
    [
        (lambda: rewrite(19), 10, "too short"),
        (lambda: rewrite(here=7 * MB), 10, "too small"),
        (lambda: rewrite(), 2000, "2,000 times as large"),
    ],
)  # fmt: skip
def test_nothing_is_said_where_nothing_can_be(builder: object, times: float, reason: str) -> None:
    assert callable(builder)
    found = expected(builder(), times=times, here=7 * MB if reason == "too small" else 100 * MB)
    assert reason in found.reason
    assert found.duration_ns is None
    assert expected_text(found).startswith("not estimated: ")


def test_a_table_that_production_lacks_is_not_estimated() -> None:
    builder = rewrite().add(ProductionSized(at_ns=0, tables=(), settings={}))
    found = analyse(builder.history()).statements[0].at_production
    assert found is not None
    assert "do not have the table" in found.reason


def test_partitions_stand_for_all_of_production() -> None:
    builder = busy().statement("S1", WIDEN, end=10_200).locks("S1", STRONG)
    for name in ("public.p1", "public.p2"):
        builder.work("S1", name, rewritten=True, rows_scanned=10_000, bytes_before=50 * MB)
    tables = tuple(
        ProductionTable(relation=f"public.p{n}", partition_of="public.p", rows=1, heap_bytes=50 * MB)
        for n in range(1, 11)
    )
    builder.add(ProductionSized(at_ns=0, tables=tables, settings={}))
    found = analyse(builder.history()).statements[0].at_production
    assert found is not None
    assert found.factor == 5


def test_without_statistics_nothing_is_estimated() -> None:
    assert analyse(rewrite().history()).statements[0].at_production is None
    assert expected_text(None) == ""
