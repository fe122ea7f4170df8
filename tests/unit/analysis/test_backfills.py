"""Which transactions change most of a table, where a statement may commit on its way."""

import pytest

from tests.unit.analysis.hazard_histories import found, s1

LOOP = "DO $$ BEGIN UPDATE orders SET a = 1 WHERE id <= 1000; COMMIT; END $$"


@pytest.mark.parametrize(
    ("sql", "tag", "rows", "transactions", "changed"),
    [
        (LOOP, "DO", 10_000, 10, []),
        (LOOP, "DO", 10_000, None, []),
        (LOOP, "DO", 10_000, 1, [10_000]),
        (LOOP, "DO", 10_000, 2, [5_000]),
        ("DO $$ BEGIN UPDATE orders SET a = 1; END $$ -- COMMIT", "DO", 10_000, 1, [10_000]),
        ("DO $$ BEGIN UPDATE orders SET a = 1; END $$", "DO", 10_000, 10, [10_000]),
        ("CALL fill()", "CALL", 10_000, 1, [10_000]),
        ("CALL fill()", "CALL", 10_000, 20, []),
        ("CALL fill()", "CALL", 4_000, 1, []),
    ],
)
def test_a_backfill_is_what_one_transaction_changed_for_certain(
    sql: str, tag: str, rows: int, transactions: int | None, changed: list[int]
) -> None:
    work = {"rows_updated": rows, "rows_scanned": 10_000, "transactions": transactions}
    builder = s1(sql, work=work, locks=(("public.orders", "RowExclusiveLock"),), tag=tag, autocommit=True)
    titles = [f"S1 changes {count:,} of 10,000 rows of orders in one transaction" for count in changed]
    assert [finding.title for finding in found(builder, "unbounded_backfill")] == titles
    assert len(found(builder, "long_transaction")) == len(changed)
