"""Which transactions of the migration, and which of the application, can deadlock at all."""

from pathlib import Path
from typing import Any

import pytest

from harness.events.migration import LocksTaken, WorkDone
from harness.model.words import Direction, Pass
from harness.rehearsal.probes.partners import holds_between
from harness.rehearsal.probes.suspects import suspects_of
from harness.rehearsal.traced import Traced
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.workload import build_workload
from tests.unit.rehearsal.probes.test_targets import AE, lock, started

ROW = "RowExclusiveLock"


def book(*statements: tuple[str, int, tuple[Any, ...]], rows: int = 0, sql: str = "UPDATE x") -> Traced:
    traced = Traced()
    for name, transaction, locks in statements:
        traced.take(started(name, sql, transaction=transaction, autocommit=False))
        traced.take(
            LocksTaken(at_ns=1, pass_=Pass.TRACE, direction=Direction.UP, statement=name, locks=locks, exact=True)
        )
        traced.take(
            WorkDone(
                at_ns=2, pass_=Pass.TRACE, direction=Direction.UP, statement=name, relation="public.orders", kind="r",
                rewritten=False, truncated=False, dropped=False, rows_before=10, bytes_before=1, bytes_after=1,
                rows_scanned=0, rows_fetched_by_index=0, rows_inserted=0, rows_updated=rows, rows_deleted=0,
            )
        )  # fmt: skip
    return traced


def test_two_tables_in_one_transaction_are_locked_one_after_the_other() -> None:
    traced = book(("S1", 1, (lock("orders", ROW),)), ("S2", 1, ()), ("S3", 1, (lock("customers", ROW),)))
    (suspect,) = suspects_of(traced.statements)
    assert (suspect.statements, suspect.locking) == (("S1", "S2", "S3"), ("S1", "S3"))


def test_two_tables_in_two_transactions_are_not() -> None:
    assert suspects_of(book(("S1", 1, (lock("orders", AE),)), ("S2", 2, (lock("customers", AE),))).statements) == ()


def test_a_lock_made_stronger_is_a_second_one() -> None:
    traced = book(("S1", 1, (lock("orders", "ShareLock"),)), ("S2", 1, (lock("orders", AE),)))
    assert len(suspects_of(traced.statements)) == 1


def test_several_rows_of_one_table_are_locked_one_after_the_other() -> None:
    one = ("S1", 1, (lock("orders", ROW),))
    assert suspects_of(book(one, rows=1).statements) == ()
    assert len(suspects_of(book(one, rows=2).statements)) == 1


@pytest.mark.parametrize("more", [lock("fresh", AE, existed=False), lock("i", AE, kind="i", parent="public.orders")])
def test_what_nobody_else_locks_by_itself_does_not_count(more: Any) -> None:
    assert suspects_of(book(("S1", 1, (lock("orders", AE), more))).statements) == ()


def test_a_statement_that_commits_on_its_way_is_none() -> None:
    traced = Traced()
    traced.take(started("S1", "CREATE INDEX CONCURRENTLY i ON orders (a)"))
    locks = (lock("orders", "ShareUpdateExclusiveLock"), lock("other", AE))
    traced.take(LocksTaken(at_ns=1, pass_=Pass.TRACE, direction=Direction.UP, statement="S1", locks=locks, exact=False))
    assert suspects_of(traced.statements) == ()


def test_a_transaction_of_several_statements_holds_locks_between_them(tmp_path: Path) -> None:
    (tmp_path / "pay.sql").write_text("BEGIN;\nUPDATE a SET x = 1;\nUPDATE b SET x = 1;\nCOMMIT;\n")
    (tmp_path / "look.sql").write_text("SELECT 1;\nSELECT 2;\n")
    operations = (
        OperationSpec(name="one", sql="UPDATE a SET x = 1"),
        OperationSpec(name="two", sql=("UPDATE a SET x = 1", "UPDATE b SET x = 1")),
        OperationSpec(name="script", pgbench="pay.sql"),
        OperationSpec(name="looks", pgbench="look.sql"),
    )
    workload = build_workload(TrafficSpec(operation=operations), path=tmp_path / "scenario.toml")
    assert [operation.name for operation in workload.operations if holds_between(operation)] == ["two", "script"]
