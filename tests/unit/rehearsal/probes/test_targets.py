"""Before which statements a long transaction is put, and on which tables."""

from typing import Any

import pytest

from harness.events.migration import LocksTaken, StatementStarted, TakenLock
from harness.model.words import Direction, Pass
from harness.rehearsal.probes.targets import Table, Target, bound_of, standing_in, targets_of
from harness.rehearsal.traced import Traced

AE, SHARE, SUE = "AccessExclusiveLock", "ShareLock", "ShareUpdateExclusiveLock"


def lock(relation: str, mode: str, **more: Any) -> TakenLock:
    values = {"kind": "r", "existed": True, "oid": 1, **more}
    return TakenLock(relation=f"public.{relation}", mode=mode, **values)


def started(id_: str, sql: str = "ALTER TABLE x", **more: Any) -> StatementStarted:
    values: dict[str, Any] = {
        "tag": " ".join(sql.split()[:2]), "transaction": int(id_[1:]), "autocommit": True, "lock_timeout_ms": 0,
        "statement_timeout_ms": 0, "direction": Direction.UP, **more,
    }  # fmt: skip
    return StatementStarted(
        at_ns=0, pass_=Pass.TRACE, statement=id_, step="1", attempt=1, file="", line=0, column=0, sql=sql,
        fingerprint="", pid=1, **values,
    )  # fmt: skip


def traced(*statements: tuple[StatementStarted, tuple[TakenLock, ...]]) -> Traced:
    book = Traced()
    for one, locks in statements:
        book.take(one)
        book.take(
            LocksTaken(
                at_ns=1, pass_=Pass.TRACE, direction=one.direction, statement=one.statement, locks=locks, exact=True
            )
        )
    return book


def targets(*statements: tuple[StatementStarted, tuple[TakenLock, ...]], used: frozenset[str] = frozenset()) -> Any:
    return [
        (t.statement, t.relation.removeprefix("public."), t.antagonist)
        for t in targets_of(traced(*statements).statements, used=used)
    ]


def test_a_table_is_stood_on_once_before_its_first_strong_lock() -> None:
    first, second = (started("S1"), (lock("orders", AE),)), (started("S2"), (lock("orders", AE),))
    assert targets(first, second) == [("S1", "orders", "reader")]


def test_a_lock_that_lets_readers_through_is_met_by_a_writer() -> None:
    assert targets((started("S1", "CREATE INDEX i"), (lock("orders", SHARE),))) == [("S1", "orders", "writer")]


def test_a_lock_on_an_index_keeps_readers_of_its_table_off() -> None:
    taken = (lock("orders", SHARE), lock("i", AE, kind="i", parent="public.orders"))
    assert targets((started("S1", "REINDEX INDEX i"), taken)) == [("S1", "orders", "reader")]


def test_weak_locks_and_new_relations_are_nothing_to_wait_for() -> None:
    assert targets((started("S1"), (lock("orders", SUE), lock("fresh", AE, existed=False)))) == []


def test_the_way_down_is_not_looked_at() -> None:
    assert targets((started("R1", direction=Direction.DOWN), (lock("orders", AE),))) == []


def test_a_later_request_without_a_bound_is_one_more() -> None:
    bounded = (started("S1", lock_timeout_ms=2_000), (lock("orders", AE),))
    free = (started("S3"), (lock("orders", AE),))
    assert targets(bounded, free) == [("S1", "orders", "reader"), ("S3", "orders", "reader")]


def test_tables_of_the_application_come_first() -> None:
    both = (started("S1"), (lock("archive", AE),)), (started("S2"), (lock("orders", AE),))
    assert targets(*both, used=frozenset({"public.orders"}))[0] == ("S2", "orders", "reader")


@pytest.mark.parametrize(
    ("sql", "who"),
    [
        ("CREATE INDEX CONCURRENTLY i ON orders (a)", "writer"),
        ("REINDEX TABLE CONCURRENTLY orders", "writer"),
        ("DROP INDEX CONCURRENTLY i", "reader"),
        ("ALTER TABLE orders DETACH PARTITION p CONCURRENTLY", "reader"),
    ],
)
def test_what_works_concurrently_waits_for_others_too(sql: str, who: str) -> None:
    taken = (lock("orders", SUE), lock("i", AE, kind="i", parent="public.orders"))
    assert targets((started("S1", sql), taken)) == [("S1", "orders", who)]


def test_a_concurrent_statement_whose_locks_were_not_seen_is_known_by_what_it_names() -> None:
    book = traced((started("S1", "DROP INDEX CONCURRENTLY i"), ()))
    (target,) = targets_of(book.statements, named={"S1": ('"i"',)})
    assert (target.relation, target.concurrently) == ('"i"', True)
    (found,) = standing_in((target,), {'"i"': _table("orders")})
    assert found.relation == "public.orders"


def test_a_concurrent_refresh_is_an_ordinary_strong_lock() -> None:
    one = (started("S1", "REFRESH MATERIALIZED VIEW CONCURRENTLY totals"), (lock("totals", "ExclusiveLock", kind="m"),))
    (target,) = targets_of(traced(one).statements)
    assert not target.concurrently
    assert target.antagonist == "writer"


def test_what_a_program_may_set_itself_is_not_certain() -> None:
    assert not bound_of(started("S1", "DO $$ $$", tag="DO")).certain
    assert not bound_of(started("S1", lock_timeout_ms=None)).certain
    assert bound_of(started("S1", lock_timeout_ms=600_000, statement_timeout_ms=900)).longest_ms == 900
    assert not bound_of(started("S1", lock_timeout_ms=600_000)).holds


def _table(name: str, *above: str, kind: str = "r") -> Table:
    return Table(f"public.{name}", kind, "public", name, frozenset(f"public.{parent}" for parent in above))


def test_partitions_beside_their_parent_and_what_is_no_table_are_left_out() -> None:
    taken = (lock("readings", AE, kind="p"), lock("readings_1", AE), lock("made_by_the_migration", AE))
    there = {
        "public.readings": _table("readings", kind="p"),
        "public.readings_1": _table("readings_1", "readings"),
        "public.made_by_the_migration": _table("made_by_the_migration", kind="v"),
    }
    found = standing_in(targets_of(traced((started("S1"), taken)).statements), there)
    assert [(t.name, t.kind) for t in found] == [("readings", "p")]
    assert isinstance(found[0], Target)
