"""Statements of the trace and the load pass, joined."""

from typing import Any

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.events.migration import Accepted
from harness.events.observation import (
    RelationSeen,
)
from harness.model.words import Pass, Role
from tests.unit.analysis.histories import ALTER, MIGRATION_PID, MS, STRONG, Builder, S, busy


def first(builder: Builder) -> StatementFacts:
    return analyse(builder.history()).statements[0]


class TestStatements:
    def test_a_failed_attempt_held_nothing_and_waits_add_up(self) -> None:
        builder = busy()
        builder.statement("S1", ALTER, passes=(Pass.TRACE,)).locks("S1", STRONG)
        builder.statement("S1", ALTER, start=10_000, end=10_200, passes=(Pass.LOAD,), sqlstate="55P03", transaction=1)
        builder.statement("S1", ALTER, start=10_700, end=10_720, passes=(Pass.LOAD,), attempt=2, transaction=2)
        builder.wait(
            MIGRATION_PID,
            10_000,
            10_200,
            role=Role.MIGRATION,
            mode="AccessExclusiveLock",
            outcome="cancelled",
            holders=(100,),
        )
        builder.wait(MIGRATION_PID, 10_700, 10_717, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(100,))
        s1 = first(builder)
        assert (s1.attempts, s1.failed_attempts, s1.sqlstate) == (2, 1, "")
        assert (s1.waited_ns, s1.held_ns) == (217 * MS, 3 * MS)

    def test_a_poll_narrows_when_a_lock_was_taken(self) -> None:
        builder = busy().statement("S1", "SELECT slow()", end=11_000, tag="SELECT").locks("S1", STRONG)
        builder.hold(MIGRATION_PID, 10_750, 10_990, error=5)
        s1 = first(builder)
        assert s1.held_ns == 250 * MS
        assert s1.held_error_ns <= 6 * MS

    def test_a_lock_seen_by_polling_alone_is_not_exact(self) -> None:
        builder = busy().statement("S1", "SELECT slow()", end=11_000, tag="SELECT").hold(MIGRATION_PID, 10_200, 10_900)
        lock = first(builder).locks[0]
        assert (lock.mode, lock.exact, lock.used_by_traffic) == ("AccessExclusiveLock", False, True)

    def test_a_hold_seen_at_the_edge_of_two_statements_belongs_to_the_one_that_takes_such_locks(self) -> None:
        share = ("public.orders", "ShareUpdateExclusiveLock")
        builder = busy().statement("S1", "ALTER TABLE orders VALIDATE CONSTRAINT c", end=10_050).locks("S1", share)
        builder.statement("S2", ALTER, start=10_051, end=10_060).locks("S2", STRONG)
        builder.hold(MIGRATION_PID, 10_045, 10_058, error=20)
        modes = [[lock.mode for lock in s.locks] for s in analyse(builder.history()).statements]
        assert modes == [["ShareUpdateExclusiveLock"], ["AccessExclusiveLock"]]

    def test_after_another_wait_an_unseen_lock_came_late(self) -> None:
        builder = (
            busy().statement("S1", ALTER, end=11_000).locks("S1", ("public.users", "ShareRowExclusiveLock"), STRONG)
        )
        builder.wait(MIGRATION_PID, 10_000, 10_990, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(100,))
        held = {lock.relation: lock.held_ns for lock in first(builder).locks}
        assert held == {"public.orders": 10 * MS, "public.users": 10 * MS}

    def test_concurrently_lets_go_before_its_end(self) -> None:
        builder = busy().statement(
            "S1", "DROP INDEX CONCURRENTLY i", end=11_000, autocommit=True, tag="DROP INDEX CONCURRENTLY"
        )
        builder.locks("S1", STRONG).hold(MIGRATION_PID, 10_900, 10_904)
        assert (first(builder).held_ns or 0) <= 10 * MS

    def test_a_statement_that_failed_at_once_held_nothing(self) -> None:
        builder = busy().statement("S1", ALTER, sqlstate="42701").locks("S1", STRONG)
        assert first(builder).held_ns is None

    def test_a_statement_without_a_result_lasts_to_the_end(self) -> None:
        builder = busy().statement("S1", ALTER)
        builder.events = [e for e in builder.events if type(e).__name__ not in ("StatementEnded", "TransactionEnded")]
        s1 = first(builder)
        assert s1.span is not None
        assert s1.span.end_ns == 19 * S

    def test_without_a_load_run_the_trace_is_shown(self) -> None:
        builder = Builder().statement("S1", ALTER, passes=(Pass.TRACE,)).locks("S1", STRONG)
        s1 = first(builder)
        assert (s1.duration_ns, s1.trace_duration_ns, s1.held_ns) == (None, 3 * MS, None)

    def test_the_first_trace_counts_and_comments_are_kept(self) -> None:
        accepted = (Accepted(hazard="table_rewrite", reason="small"),)
        builder = (
            busy()
            .statement("S1", ALTER, accepts=accepted)
            .locks("S1", STRONG)
            .locks("S1", ("public.users", "ShareLock"))
        )
        builder.work("S1", rewritten=True).work("S1", rewritten=False).wal("S1", 10).wal("S1", 99)
        s1 = first(builder)
        assert [lock.relation for lock in s1.locks] == ["public.orders"]
        assert (s1.work, s1.wal_bytes, s1.accepts[0].reason) == ("rewrite", 10, "small")

    def test_relations_that_the_migration_made_itself_are_not_its_hazards(self) -> None:
        builder = busy().statement("S1", ALTER).locks("S1", STRONG, ("public.fresh", "AccessExclusiveLock"), oid=5)
        for oid, name, existed in ((1, "public.orders", True), (9, "public.fresh", False)):
            builder.add(RelationSeen(at_ns=0, pass_=Pass.LOAD, oid=oid, relation=name, kind="r", existed=existed))
        builder.work("S1", "public.fresh", rewritten=True)
        s1 = first(builder)
        assert {lock.relation: lock.existed for lock in s1.locks} == {"public.orders": True, "public.fresh": False}
        assert s1.relations == ()

    def test_a_renamed_relation_is_the_old_one(self) -> None:
        builder = busy().statement("S1", ALTER).locks("S1", ("public.bills", "AccessExclusiveLock"), oid=1)
        builder.add(RelationSeen(at_ns=0, pass_=Pass.LOAD, oid=1, relation="public.orders", kind="r", existed=True))
        assert first(builder).locks[0].existed

    @pytest.mark.parametrize(
        ("tag", "sql", "did", "work"),
        [
            ("ALTER TABLE", ALTER, {}, "catalog"),
            ("ALTER TABLE", "ALTER TABLE orders ALTER a TYPE bigint", {"rewritten": True}, "rewrite"),
            ("ALTER TABLE", "ALTER TABLE orders ALTER a SET NOT NULL", {"rows_scanned": 5000}, "scan"),
            ("ALTER TABLE", "ALTER TABLE orders ALTER a SET NOT NULL", {"rows_scanned": 4999}, "catalog"),
            ("ALTER TABLE", "ALTER TABLE orders ALTER a SET NOT NULL", {"rows_fetched_by_index": 10_000}, "scan"),
            ("CREATE INDEX", "CREATE INDEX i ON orders (a)", {"rows_scanned": 10_000}, "index"),
            ("ALTER TABLE", "ALTER TABLE orders ADD PRIMARY KEY (id)", {"rows_scanned": 10_000}, "index"),
            ("ALTER TABLE", "ALTER TABLE orders ADD PRIMARY KEY USING INDEX k", {"rows_scanned": 10_000}, "scan"),
            ("UPDATE", "UPDATE orders SET a = 1", {"rows_updated": 3, "rows_scanned": 10_000}, "data"),
        ],
    )
    def test_class_of_work(self, tag: str, sql: str, did: dict[str, Any], work: str) -> None:
        assert first(busy().statement("S1", sql, tag=tag).work("S1", **did)).work == work
