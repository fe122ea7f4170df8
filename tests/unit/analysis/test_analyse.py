"""Facts of synthetic runs: phases, latency, statements, blocking chains, rollback, state, quality."""

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import latency, outage, timeline
from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.analysis.latency import rank, responses_of, summary
from harness.analysis.timeline import bucket_width, timeline_of
from harness.events.migration import Accepted, StepEnded, StepStarted, ToolEnded
from harness.events.observation import (
    ObserverMeasured,
    RelationSeen,
    ServerErrorLogged,
    ServerSampled,
    SessionSeen,
    StateSeen,
    TableCount,
)
from harness.events.operations import OPERATION_DTYPE, Outcome
from harness.events.run import CloneMade, EngineChosen, PhaseStarted, QualityNoted, RunInterrupted, SnapshotReady
from harness.events.traffic import AntagonistActed, OperationFailed, TrafficLost
from harness.events.verification import DestroyedByUp, InvariantChecked, LedgerChecked
from harness.model.catalog import Change, Difference
from harness.model.spans import Span
from harness.model.words import Direction, Pass, PhaseKind, Role
from tests.unit.analysis.histories import ANTAGONIST_PID, MIGRATION_PID, MS, Builder, S, busy

ALTER = "ALTER TABLE orders ADD COLUMN status text"
STRONG = ("public.orders", "AccessExclusiveLock")


def first(builder: Builder) -> StatementFacts:
    return analyse(builder.history()).statements[0]


def behind_a_long_reader() -> Builder:
    """S1 waits 1,500 ms behind the long reader, three actors queue behind S1, one waits for a row lock of another."""
    builder = busy().add(
        AntagonistActed(
            at_ns=11_500 * MS,
            kind="long_reader",
            table="orders",
            pid=ANTAGONIST_PID,
            start_ns=9000 * MS,
            end_ns=11_500 * MS,
        )
    )
    builder.statement("S1", ALTER, start=10_000, end=11_503).locks("S1", STRONG)
    builder.wait(
        MIGRATION_PID, 10_000, 11_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,),
        queue=(MIGRATION_PID,),
    )  # fmt: skip
    for actor in range(3):
        builder.wait(
            100 + actor,
            10_010 + actor,
            11_503,
            holders=(ANTAGONIST_PID,),
            queue=(MIGRATION_PID, 100, 101, 102)[: actor + 2],
        )
    return builder.wait(103, 10_050, 11_504, mode="ShareLock", target="transactionid", relation="", holders=(100,))


class TestBlocking:
    def test_a_queue_behind_a_waiting_migration(self) -> None:
        s1 = first(behind_a_long_reader())
        assert s1.blocked_actors == 4
        assert s1.blocked_max_ns == 1493 * MS
        assert {wait.behind for wait in s1.blocked} == {"queue"}
        assert s1.blocked[0].chain == (
            "actor 0 (view)",
            "S1 waiting for AccessExclusiveLock on public.orders",
            "long_reader (pid 812)",
        )

    def test_holders_that_a_later_wait_does_not_name_had_let_go(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_503).locks("S1", STRONG)
        builder.wait(
            MIGRATION_PID, 10_000, 11_500, role=Role.MIGRATION, mode="AccessExclusiveLock",
            holders=(101, 102, ANTAGONIST_PID), queue=(MIGRATION_PID,),
        )  # fmt: skip
        builder.wait(100, 10_100, 11_503, holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID, 100))
        assert first(builder).waits[0].blockers == ("another session (pid 812)",)

    def test_a_row_lock_behind_an_actor_behind_the_migration(self) -> None:
        indirect = next(wait for wait in first(behind_a_long_reader()).blocked if wait.pid == 103)
        assert indirect.chain[1:] == (
            "actor 0 waiting for AccessShareLock on public.orders",
            "S1 waiting for AccessExclusiveLock on public.orders",
            "long_reader (pid 812)",
        )

    def test_waited_and_held_are_told_apart(self) -> None:
        s1 = first(behind_a_long_reader())
        assert s1.waited_ns == 1500 * MS
        assert s1.held_ns == 3 * MS
        assert s1.waits[0].blockers == ("long_reader (pid 812)",)
        assert s1.waits[0].blocker_roles == ("antagonist",)

    def test_behind_a_held_lock_the_statement_that_took_it_is_to_blame(self) -> None:
        builder = busy().statement("S1", ALTER, end=10_002, commit=11_000, transaction=1).locks("S1", STRONG)
        builder.statement("S2", "UPDATE users SET a = 1", start=10_002, end=11_000, tag="UPDATE", transaction=1)
        builder.wait(101, 10_200, 11_000, holders=(MIGRATION_PID,), queue=(101,))
        s1, s2 = analyse(builder.history()).statements
        assert (s1.blocked_actors, s2.blocked_actors) == (1, 0)
        assert s1.blocked[0].behind == "held"
        assert s1.blocked[0].chain[1] == "S1 holding AccessExclusiveLock on public.orders"
        assert s1.held_ns == 1000 * MS

    def test_a_row_lock_of_the_migration_is_blamed_on_its_data_change(self) -> None:
        builder = busy().statement("S1", "SET x = 1", end=10_001, tag="SET", transaction=1)
        builder.statement("S2", "UPDATE orders SET a = 1", start=10_001, end=10_900, tag="UPDATE", transaction=1)
        builder.wait(
            101, 10_200, 10_900, mode="ShareLock", target="transactionid", relation="", holders=(MIGRATION_PID,)
        )
        statements = analyse(builder.history()).statements
        assert [s.blocked_actors for s in statements] == [0, 1]

    @pytest.mark.parametrize(
        ("holders", "queue", "mode"),
        [
            ((ANTAGONIST_PID,), (100,), "RowExclusiveLock"),  # only an antagonist holds it
            ((102,), (100,), "RowExclusiveLock"),  # another actor: cannot conflict, so somebody else does
            ((ANTAGONIST_PID,), (100, MIGRATION_PID), "RowExclusiveLock"),  # the migration queues behind us
        ],
    )
    def test_waits_that_the_migration_has_no_part_in(
        self, holders: tuple[int, ...], queue: tuple[int, ...], mode: str
    ) -> None:
        builder = busy().statement("S1", ALTER, end=11_000).locks("S1", STRONG)
        builder.hold(ANTAGONIST_PID, 9_000, 11_000, role=Role.ANTAGONIST)
        builder.wait(100, 10_100, 10_300, holders=holders, queue=queue, mode=mode)
        assert first(builder).blocked_actors == 0

    def test_a_weak_lock_of_the_migration_blocks_nobody(self) -> None:
        builder = busy().statement("S1", "CREATE INDEX CONCURRENTLY i ON orders (a)", end=11_000, autocommit=True)
        builder.locks("S1", ("public.orders", "ShareUpdateExclusiveLock"))
        builder.wait(
            100, 10_100, 10_300, mode="RowExclusiveLock", holders=(MIGRATION_PID, ANTAGONIST_PID), queue=(100,)
        )
        assert first(builder).blocked_actors == 0

    def test_without_the_logs_lists_overlap_decides(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_500).locks("S1", STRONG)
        builder.wait(
            MIGRATION_PID, 10_000, 11_400, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,)
        )
        builder.hold(MIGRATION_PID, 11_400, 11_500)
        builder.wait(100, 10_100, 11_500).wait(101, 11_450, 11_500).wait(102, 9_000, 9_500)
        s1 = first(builder)
        assert [(wait.pid, wait.behind) for wait in s1.blocked] == [(100, "queue"), (101, "held")]

    def test_the_migration_is_never_one_of_the_blocked(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_000).locks("S1", STRONG)
        builder.wait(MIGRATION_PID, 10_000, 10_900, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(100,))
        s1 = first(builder)
        assert s1.blocked == ()
        assert s1.waits[0].blockers == ("actor 0",)

    def test_an_actor_that_reconnects_is_one_actor(self) -> None:
        from harness.events.traffic import ActorConnected

        builder = busy().statement("S1", ALTER, end=11_000).locks("S1", STRONG)
        builder.add(ActorConnected(at_ns=10_500 * MS, actor=0, pid=200))
        builder.wait(100, 10_100, 10_400, holders=(MIGRATION_PID,), queue=(100,))
        builder.wait(200, 10_600, 10_900, holders=(MIGRATION_PID,), queue=(200,))
        assert first(builder).blocked_actors == 1

    def test_sessions_without_an_actor_are_told_apart_by_pid(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_000).locks("S1", STRONG)
        builder.add(SessionSeen(at_ns=0, pass_=Pass.LOAD, pid=301, role=Role.TRAFFIC, name="7"))
        for pid in (300, 301, 302):
            builder.wait(pid, 10_100, 10_400, holders=(MIGRATION_PID,), queue=(pid,))
        s1 = first(builder)
        assert s1.blocked_actors == 3
        assert {wait.actor for wait in s1.blocked} == {-1, 7}
        assert s1.blocked[0].chain[0] == "an actor (pid 300)"

    def test_other_sessions_have_names(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_000).locks("S1", STRONG)
        builder.add(SessionSeen(at_ns=0, pass_=Pass.LOAD, pid=77, role=Role.OTHER, name="autovacuum worker"))
        builder.wait(
            MIGRATION_PID, 10_000, 10_900, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(77, 78, 901),
        ).add(SessionSeen(at_ns=0, pass_=Pass.LOAD, pid=901, role=Role.MIGRATION))  # fmt: skip
        assert first(builder).waits[0].blockers == (
            "autovacuum worker (pid 77)",
            "another session (pid 78)",
            "migration (pid 901)",
        )

    def test_a_lock_of_another_kind(self) -> None:
        builder = busy().statement("S1", "SELECT pg_advisory_lock(1)", end=11_000, tag="SELECT")
        builder.wait(
            100, 10_100, 10_400, mode="ExclusiveLock", target="advisory", relation="", holders=(MIGRATION_PID,)
        )
        assert first(builder).blocked[0].chain[1] == "S1 holding a lock (advisory)"


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


class TestTraffic:
    def test_windows_and_counts(self) -> None:
        facts = analyse(busy().statement("S1", ALTER).history())
        assert facts.traffic is not None
        assert (facts.traffic.baseline.count, facts.traffic.migrate.count, facts.traffic.settle.count) == (
            2000,
            600,
            600,
        )
        assert facts.traffic.baseline.p99_ns == 500_000
        assert facts.traffic.noise is not None
        assert (facts.traffic.noise.p99_ns, facts.traffic.noise.blocks) == (0, 40)
        assert facts.traffic.offered_rate == pytest.approx(200, rel=0.01)
        assert facts.migrate_span == Span(10 * S, 12 * S)
        assert facts.rollback.duration_ns == S

    def test_failures_are_counted_by_state_and_expected_ones_apart(self) -> None:
        builder = busy().operation(1, "pay", expected=("23505",))
        builder.run(10_500, 11_000, operation=1, outcome=Outcome.ERROR, sqlstate="42703")
        builder.run(10_500, 10_600, operation=1, outcome=Outcome.ERROR, sqlstate="23505")
        builder.run(5_000, 5_050, operation=1, outcome=Outcome.ERROR, sqlstate="40001")
        builder.one(10_500, 15_500, operation=1, outcome=Outcome.POOL_TIMEOUT).one(
            10_500, 0, operation=1, outcome=Outcome.ABANDONED
        )
        builder.add(OperationFailed(at_ns=1, operation=1, statement=0, sqlstate="42703", message="no column"))
        pay = analyse(builder.history()).operations[1]
        assert pay.failed == {"42703": 100, "POOLT": 1, "ABAND": 1}
        assert pay.expected == {"23505": 20}
        assert pay.failed_in_baseline == {"40001": 10}
        assert pay.messages == {"42703": "no column"}
        assert pay.first_failed_ns["42703"] == int(10_500.5 * MS)

    def test_the_new_version_counts_only_while_it_is_meant_to_run(self) -> None:
        builder = busy().operation(1, "new read", version="new").operation(2, "old read", version="old")
        builder.mix(10_000, old=1.0).mix(12_000, old=0.5, new=0.5).mix(15_000, old=1.0)
        for operation in (1, 2):
            for at in (5_000, 10_500, 13_000, 15_500, 17_000):
                builder.run(at, at + 50, operation=operation, outcome=Outcome.ERROR, sqlstate="42703")
        facts = analyse(builder.history())
        new, old = facts.operations[1], facts.operations[2]
        assert (new.is_new, new.failed) == (True, {"42703": 10})
        assert (old.is_new, old.failed) == (False, {"42703": 40})

    def test_an_old_version_that_left_the_mix_need_not_work_before_the_way_back_has_ended(self) -> None:
        builder = busy().operation(1, "old read", version="v1").operation(2, "new read", version="v2")
        builder.one(10_990, 11_010, operation=1, outcome=Outcome.ERROR, sqlstate="42703")  # under way when v1 leaves
        builder.mix(10_000, v1=1.0).mix(11_000, v2=1.0).mix(15_000, v1=0.5, v2=0.5)
        for operation in (1, 2):
            for at in (10_500, 11_500, 15_500, 17_000):
                builder.run(at, at + 50, operation=operation, outcome=Outcome.ERROR, sqlstate="42703")
        facts = analyse(builder.history())
        assert facts.operations[1].failed == {"42703": 20}
        assert (facts.operations[2].is_new, facts.operations[2].failed) == (True, {"42703": 10})

    def test_without_traffic_there_are_no_facts_of_it(self) -> None:
        facts = analyse(Builder().statement("S1", ALTER, passes=(Pass.TRACE,)).history())
        assert (facts.traffic, facts.timeline, facts.migrate_span) == (None, None, None)

    def test_without_phases_the_statements_give_the_window(self) -> None:
        facts = analyse(
            Builder().traffic().operation().statement("S1", ALTER, end=11_000).run(10_000, 11_000).history()
        )
        assert facts.migrate_span == Span(10 * S, 11 * S)

    def test_a_lost_generator_is_told(self) -> None:
        facts = analyse(busy().add(TrafficLost(at_ns=1, reason="killed")).history())
        assert facts.traffic is not None
        assert facts.traffic.lost == "killed"


class TestTimeline:
    def test_a_wait_is_charged_to_every_bucket_it_spans(self) -> None:
        builder = Builder().phases().traffic().operation().run(0, 10_000).run(12_000, 18_000).one(10_000, 12_000)
        line = analyse(builder.history()).timeline
        assert line is not None
        at = [(bucket * line.bucket_ns) // MS for bucket in range(len(line.max_ns))]
        stalled = [ms for ms, worst in zip(at, line.max_ns, strict=True) if worst == 2000 * MS]
        assert stalled == list(range(10_000, 12_001, line.bucket_ns // MS))
        assert line.completed[at.index(11_000)] == 0
        assert sum(line.offered) == 3201

    def test_errors_and_blocked_actors_and_wal(self) -> None:
        builder = behind_a_long_reader().run(10_500, 10_550, outcome=Outcome.ERROR, sqlstate="42703")
        for at in range(0, 18_001, 1000):
            builder.add(
                ServerSampled(
                    at_ns=at * MS, pass_=Pass.LOAD, wal_bytes=at * 1000, database_bytes=10 * 1024**2 + at,
                    waiting_actors=0, active_actors=0,
                )
            )  # fmt: skip
        facts = analyse(builder.history())
        line = facts.timeline
        assert line is not None
        assert sum(line.errors_by_class["schema"]) == 10
        assert max(line.blocked_actors) == 4
        assert line.blocked_actors[0] == 0
        assert line.wal_bytes[3] == line.bucket_ns // 1000
        assert facts.disk_growth_bytes == 5000
        assert facts.database_bytes_before == 10 * 1024**2 + 10_000

    @given(st.integers(1, 10**15))
    def test_between_one_and_240_buckets(self, duration: int) -> None:
        width = bucket_width(duration)
        assert width >= 50 * MS
        assert -(-duration // width) <= 240

    @given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 400)), min_size=1, max_size=40))
    def test_percentiles_agree_with_a_plain_sort(self, operations: list[tuple[int, int]]) -> None:
        rows = np.zeros(len(operations), dtype=OPERATION_DTYPE)
        rows["due_ns"] = [due * MS for due, _ in operations]
        rows["end_ns"] = [(due + length) * MS for due, length in operations]
        line = timeline_of(responses_of(rows, expected={}), span=Span(0, 1000 * MS), blocked=(), samples=())
        for bucket in range(20):
            inside = sorted(length for due, length in operations if due // 50 <= bucket <= (due + length) // 50)
            expected = inside[rank(len(inside), 0.95)] * MS if inside else None
            assert line.p95_ns[bucket] == expected


class TestLatency:
    @given(st.lists(st.integers(0, 10**12), min_size=1, max_size=300))
    def test_exact_order_statistics(self, times: list[int]) -> None:
        found = summary(np.array(times, dtype=np.int64), failed=0)
        ordered = sorted(times)
        assert (found.p50_ns, found.p99_ns) == (ordered[rank(len(times), 0.5)], ordered[rank(len(times), 0.99)])
        assert found.max_ns == ordered[-1]

    def test_of_nothing_is_nothing(self) -> None:
        assert summary(np.zeros(0, dtype=np.int64), failed=0).p99_ns is None

    def test_a_million_operations_need_no_loop_over_records(self) -> None:
        """The record columns are only touched by numpy: no module loops over them, and none makes a list of them."""
        for module in (latency, outage, timeline):
            source = inspect.getsource(module)
            assert "for record in" not in source
            assert "in records" not in source
        rows = np.zeros(1_000_000, dtype=OPERATION_DTYPE)
        rows["due_ns"] = np.arange(1_000_000) * 18_000
        rows["end_ns"] = rows["due_ns"] + 500_000
        facts = analyse(Builder().phases().traffic().operation().history(operations=rows))
        assert facts.traffic is not None
        assert facts.traffic.baseline.count == 555_556
        assert facts.operations[0].offered == 1_000_000


class TestRollback:
    def moved(self) -> Difference:
        return Difference(kind="column", identity="public.orders.note", change=Change.MOVED, before="#3", after="#5")

    def test_everything_is_back(self) -> None:
        rollback = analyse(busy().history()).rollback
        assert (rollback.result, rollback.verified, rollback.rows_compared) == ("ok", True, 10_000)

    @pytest.mark.parametrize(
        ("change", "kind", "result"),
        [
            (Change.MOVED, "column", "column_order"),
            (Change.EXTRA, "index", "schema_drift"),
            (Change.CHANGED, "column", "schema_drift"),
            (Change.MISSING, "index", "schema_drift"),
            (Change.MISSING, "column", "data_loss"),
        ],
    )
    def test_differences_of_the_schema(self, change: Change, kind: str, result: str) -> None:
        difference = Difference(kind=kind, identity="public.orders.x", change=change)
        assert analyse(Builder().down(difference).history()).rollback.result == result

    @pytest.mark.parametrize("after", [None, 9_999, 10_000])
    def test_rows_that_are_not_what_they_were(self, after: int | None) -> None:
        counts = (TableCount(relation="public.orders", rows_before=10_000, rows_after=after, identical=False),)
        assert analyse(Builder().down(tables=counts).history()).rollback.result == "data_loss"

    def test_sequences_and_acknowledged_writes(self) -> None:
        assert analyse(Builder().down(sequences=("public.orders_id_seq",)).history()).rollback.result == "data_loss"
        ledger = LedgerChecked(
            at_ns=1,
            acknowledged=10,
            kept=7,
            missing={"public.orders": 3},
            not_followed=("public.x",),
            after_rollback=True,
        )
        rollback = analyse(Builder().down().add(ledger).history()).rollback
        assert (rollback.result, rollback.ledger_kept, rollback.ledger_not_followed) == ("data_loss", 7, ("public.x",))

    def test_a_failure_is_worst(self) -> None:
        builder = Builder().statement(
            "R1", "ALTER …", direction=Direction.DOWN, sqlstate="23502", start=15_000, end=15_100
        )
        rollback = analyse(builder.down(self.moved(), sqlstate="23502").history()).rollback
        assert (rollback.result, rollback.failed_statement, rollback.fails_in) == ("fails", "R1", "trace")
        assert not rollback.verified

    def test_a_tool_that_fails_going_down(self) -> None:
        tool = ToolEnded(at_ns=1, pass_=Pass.LOAD, direction=Direction.DOWN, command="x", exit_code=1, output="no")
        assert analyse(Builder().add(tool).history()).rollback.result == "fails"

    def test_not_run_is_none(self) -> None:
        assert analyse(Builder().history()).rollback.result == "none"

    def test_a_step_that_is_retried_has_not_failed(self) -> None:
        builder = Builder().add(StepStarted(at_ns=1, pass_=Pass.TRACE, direction=Direction.DOWN, step="a", attempt=1))
        builder.add(
            StepEnded(
                at_ns=2,
                pass_=Pass.TRACE,
                direction=Direction.DOWN,
                step="a",
                attempt=1,
                sqlstate="55P03",
                will_retry=True,
            )
        )
        assert analyse(builder.history()).rollback.fails_in == ""


def test_state_is_what_was_not_there_before() -> None:
    builder = Builder()
    for moment, invalid in (
        ("before", ("public.old",)),
        ("after_up", ("public.old", "public.i")),
        ("after_down", ("public.i",)),
    ):
        builder.add(
            StateSeen(
                at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=invalid, unvalidated_constraints=(),
                unindexed_foreign_keys=(),
            )
        )  # fmt: skip
    builder.add(DestroyedByUp(at_ns=2, pass_=Pass.TRACE, items=("column public.orders.note",)))
    state = analyse(builder.history()).state
    assert state.invalid_indexes_after_up == ("public.i",)
    assert state.invalid_indexes_after_down == ("public.i",)
    assert state.destroyed_by_up == ("column public.orders.note",)


def test_quality_environment_and_the_rest() -> None:
    builder = busy().add(QualityNoted(at_ns=1, subject="x", message="m", inconclusive=False))
    builder.add(
        ObserverMeasured(
            at_ns=1, pass_=Pass.LOAD, polls=100, poll_ns_total=10 * MS, poll_ns_max=MS, interval_ns=10 * MS,
            gap_ns_max=3 * S, log_lines=5, log_complete=False,
        )
    )  # fmt: skip
    builder.add(
        EngineChosen(
            at_ns=0,
            requested="auto",
            engine="embedded",
            reason="r",
            description="d",
            version="18.4",
            version_num=180004,
        )
    )
    builder.add(
        SnapshotReady(at_ns=0, source="s", digest="d", cached=True, size_bytes=1, duration_ns=2, tables=3, rows=4)
    )
    builder.add(CloneMade(at_ns=0, pass_=Pass.LOAD, method="reflink", size_bytes=1, duration_ns=2))
    builder.add(RunInterrupted(at_ns=1, reason="Ctrl-C"))
    builder.add(InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="i", moment="end", violations=0))
    builder.add(ToolEnded(at_ns=1, pass_=Pass.LOAD, direction=Direction.UP, command="x", exit_code=2, output=""))
    builder.add(PhaseStarted(at_ns=18 * S, pass_=Pass.LOAD, phase=PhaseKind.VERIFY))
    facts = analyse(builder.history())
    assert [note.subject for note in facts.quality] == ["x", "observer", "observer"]
    assert facts.environment is not None
    assert (facts.environment.clone_method, facts.environment.snapshot_rows) == ("reflink", 4)
    assert (facts.interrupted, facts.complete) == ("Ctrl-C", True)
    assert facts.observer_cost_ratio == pytest.approx(0.01)
    assert facts.up_failed_tool == "exit code 2"
    assert not facts.phases[-1].ok


def test_deadlocks_are_counted_once() -> None:
    builder = busy().statement("S1", ALTER, end=11_000)
    builder.wait(100, 10_100, 10_300, outcome="deadlock", holders=(MIGRATION_PID,), queue=(100,))
    builder.add(
        ServerErrorLogged(
            at_ns=10_301 * MS,
            pass_=Pass.LOAD,
            pid=100,
            role=Role.TRAFFIC,
            severity="ERROR",
            sqlstate="40P01",
            message="d",
        )
    )
    facts = analyse(builder.history())
    assert [(d.victim, d.role, d.statement) for d in facts.deadlocks] == [("actor 0", "traffic", "S1")]


def test_a_deadlock_of_the_migration_itself() -> None:
    facts = analyse(busy().statement("S1", ALTER, end=11_000, sqlstate="40P01").history())
    assert facts.deadlocks[0].role == "migration"
