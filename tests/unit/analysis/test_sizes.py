"""What is done to a table of few rows counts as long as nobody knows how it grows, and is a note once that is known."""

from typing import Any

from harness.analysis.judgement import Level
from harness.events.observation import RelationSeen
from harness.events.state import ProductionSized, ProductionTable
from harness.model.words import Pass
from tests.unit.analysis.hazard_histories import found, s1
from tests.unit.analysis.histories import Builder

_WORDS = ("full_scan_under_lock", "long_access_exclusive")


def _seen(builder: Builder, **rows: int) -> Builder:
    for oid, (name, held) in enumerate(rows.items(), start=1):
        builder.add(
            RelationSeen(
                at_ns=0, pass_=Pass.LOAD, oid=oid, relation=f"public.{name}", kind="r", existed=True, rows=held
            )
        )
    return builder


def _sized(builder: Builder, **rows: float) -> Builder:
    tables = tuple(
        ProductionTable(relation=f"public.{name}", partition_of="", rows=held, heap_bytes=8192)
        for name, held in rows.items()
    )
    return builder.add(ProductionSized(at_ns=0, tables=tables, settings={}))


def _levels(builder: Builder, *words: str) -> set[Level]:
    return {finding.level for word in words or _WORDS for finding in found(builder, word)}


def _scan(**more: Any) -> Builder:
    return s1(work={"rows_scanned": 50, "rows_before": 50, **more})


class TestScans:
    def test_a_small_table_beside_a_large_one_is_a_note(self) -> None:
        assert _levels(_seen(_scan(), orders=50, payments=10_000)) == {Level.NOTE}

    def test_in_a_snapshot_that_is_small_as_a_whole_it_is_a_warning(self) -> None:
        assert _levels(_seen(_scan(), orders=50, payments=9_999)) == {Level.WARNING}

    def test_a_table_of_a_thousand_rows_is_an_error_beside_any_other(self) -> None:
        big = s1(work={"rows_scanned": 1_000, "rows_before": 1_000})
        assert _levels(_seen(big, orders=1_000, payments=1_000_000)) == {Level.ERROR}

    def test_many_small_partitions_are_no_small_table(self) -> None:
        partitions = {f"orders_{number}": 50 for number in range(20)}
        builder = s1(locks=tuple((f"public.{name}", "AccessExclusiveLock") for name in partitions))
        for name, rows in partitions.items():
            builder.work("S1", f"public.{name}", rows_before=rows, rows_scanned=rows)
        assert _levels(_seen(builder, payments=10_000, **partitions)) == {Level.WARNING}

    def test_production_says_that_it_is_small(self) -> None:
        assert _levels(_sized(_seen(_scan(), orders=50), orders=60.0)) == {Level.NOTE}

    def test_production_says_that_it_is_large(self) -> None:
        assert _levels(_sized(_seen(_scan(), orders=50, payments=10_000), orders=5_000_000.0)) == {Level.WARNING}

    def test_production_does_not_know_it(self) -> None:
        assert _levels(_sized(_seen(_scan(), orders=50, payments=10_000))) == {Level.WARNING}

    def test_a_rewrite_stays_a_warning(self) -> None:
        # The file changed, whatever its size: replicas and readers of logical decoding see it.
        builder = _seen(_scan(rewritten=True), orders=50, payments=10_000)
        assert _levels(builder, "table_rewrite") == {Level.WARNING}


def _transaction(*works: tuple[str, int]) -> Builder:
    """ALTER TABLE orders, then an UPDATE of all rows of each table, in one transaction."""
    builder = s1(transaction=1, commit=10_060)
    for number, (relation, rows) in enumerate(works, start=2):
        builder.statement(
            f"S{number}", f"UPDATE {relation} SET a = 1", start=10_000 + 5 * number, end=10_003 + 5 * number,
            commit=10_060, transaction=1, tag="UPDATE", lock_timeout_ms=200,
        )  # fmt: skip
        builder.work(f"S{number}", f"public.{relation}", rows_before=rows, rows_updated=rows, rows_scanned=rows)
    return _seen(builder, **dict(works), orders=50_000)


class TestTransactions:
    def test_work_on_a_small_table_alone_is_a_note(self) -> None:
        words = ("unbounded_backfill", "long_transaction", "long_access_exclusive")
        assert _levels(_transaction(("regions", 50)), *words) == {Level.NOTE}

    def test_work_on_a_large_table_after_it_counts(self) -> None:
        builder = _transaction(("regions", 50), ("payments", 20_000))
        assert [(f.statement, f.level) for f in found(builder, "long_access_exclusive")] == [("S3", Level.ERROR)]
        assert [(f.statement, f.level) for f in found(builder, "long_transaction")] == [("S3", Level.WARNING)]
