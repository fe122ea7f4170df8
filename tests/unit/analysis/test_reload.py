"""A table that is emptied and filled again in one transaction is out of reach as long as the filling lasts."""

import pytest

from tests.unit.analysis.hazard_histories import AE, found
from tests.unit.analysis.histories import Builder, busy

WORDS = ("long_access_exclusive", "full_scan_under_lock", "long_transaction")


def _reload(rows: int, *, together: bool = True) -> Builder:
    commit = 10_300 if together else None
    builder = busy().statement(
        "S1", "TRUNCATE orders", tag="TRUNCATE TABLE", transaction=1, commit=commit, lock_timeout_ms=200
    )
    builder.locks("S1", AE).work("S1", truncated=True)
    builder.statement(
        "S2", "INSERT INTO orders SELECT * FROM fresh", tag="INSERT", start=10_100, end=10_200, commit=commit,
        transaction=1 if together else 2, lock_timeout_ms=200,
    )  # fmt: skip
    return builder.work("S2", rows_before=0, rows_inserted=rows)


@pytest.mark.parametrize("word", WORDS)
def test_as_many_rows_as_were_there(word: str) -> None:
    (one,) = found(_reload(10_000), word)
    assert one.statement == "S2"


def test_the_way_out_is_a_table_beside() -> None:
    (one,) = found(_reload(10_000), "long_access_exclusive")
    assert "fill a new table beside orders first" in one.remedy


@pytest.mark.parametrize("word", WORDS)
def test_a_few_rows_are_no_reload(word: str) -> None:
    assert found(_reload(10), word) == []


@pytest.mark.parametrize("word", WORDS)
def test_another_transaction_holds_nothing(word: str) -> None:
    assert found(_reload(10_000, together=False), word) == []
