"""A lock held over many small statements is judged by what they do together, however quick they are here."""

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.analysis.judgement import Finding, Level
from tests.unit.analysis.histories import Builder, busy

ALTER = "ALTER TABLE orders ADD COLUMN zone text"
LOCK = ("public.orders", "AccessExclusiveLock")
ROWS = 10_000


def _batches(rows: int, *, count: int, together: bool) -> Builder:
    """ALTER TABLE, then `count` UPDATEs of `rows` rows each, in one transaction that commits after 60 ms or in many."""
    one = 1 if together else None
    builder = busy().statement("S1", ALTER, transaction=one, commit=10_060 if together else None, lock_timeout_ms=200)
    builder.locks("S1", LOCK)
    for number in range(2, count + 2):
        builder.statement(
            f"S{number}", "UPDATE orders SET zone = 'a' WHERE id BETWEEN 1 AND 2", start=10_000 + 5 * number,
            end=10_003 + 5 * number, commit=10_060 if together else None, transaction=one, tag="UPDATE",
            lock_timeout_ms=200,
        )  # fmt: skip
        builder.work(f"S{number}", rows_updated=rows, rows_fetched_by_index=rows)
    return builder


def _found(builder: Builder) -> list[Finding]:
    history = builder.history()
    findings = judge(analyse(history), history.info.scenario).findings
    return [finding for finding in findings if finding.hazard.name == "long_access_exclusive"]


def test_small_statements_that_change_half_of_the_table_together_count() -> None:
    (finding,) = _found(_batches(1_500, count=4, together=True))
    assert (finding.level, finding.statement) == (Level.ERROR, "S5")
    assert f"the transaction up to S5 changed 6,000 of {ROWS:,} rows of public.orders" in finding.evidence


def test_less_than_half_of_the_table_does_not() -> None:
    assert _found(_batches(1_000, count=4, together=True)) == []


def test_the_same_statements_in_a_transaction_each_do_not() -> None:
    assert _found(_batches(1_500, count=4, together=False)) == []
