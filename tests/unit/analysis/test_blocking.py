"""Who blocked whom: chains, queues, holds."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.events.observation import (
    SessionSeen,
)
from harness.model.words import Pass, Role
from tests.unit.analysis.histories import (
    ALTER,
    ANTAGONIST_PID,
    MIGRATION_PID,
    MS,
    STRONG,
    Builder,
    behind_a_long_reader,
    busy,
)


def first(builder: Builder) -> StatementFacts:
    return analyse(builder.history()).statements[0]


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

    def test_a_row_lock_is_blamed_on_the_statement_that_locked_rows_of_that_table(self) -> None:
        builder = busy().statement(
            "S1", "UPDATE orders SET a = 1", end=10_100, tag="UPDATE", transaction=1, commit=10_900
        )
        builder.locks("S1", ("public.orders", "RowExclusiveLock"))
        builder.statement("S2", "INSERT INTO log VALUES (1)", start=10_100, end=10_900, tag="INSERT", transaction=1)
        builder.locks("S2", ("public.log", "RowExclusiveLock"))
        builder.wait(101, 10_200, 10_900, mode="ShareLock", target="transactionid", holders=(MIGRATION_PID,))
        assert [s.blocked_actors for s in analyse(builder.history()).statements] == [1, 0]

    def test_an_advisory_lock_is_blamed_on_the_statement_that_asked_for_it(self) -> None:
        builder = busy().statement(
            "S1", "SELECT pg_advisory_xact_lock(7)", end=10_001, commit=10_900, tag="SELECT", transaction=1
        )
        builder.statement("S2", ALTER, start=10_001, end=10_900, transaction=1)
        builder.wait(
            101, 10_200, 10_900, mode="ExclusiveLock", target="advisory", relation="advisory lock 7",
            holders=(MIGRATION_PID,),
        )  # fmt: skip
        s1, s2 = analyse(builder.history()).statements
        assert (s1.blocked_actors, s2.blocked_actors) == (1, 0)
        assert s1.blocked[0].chain[1] == "S1 holding advisory lock 7"

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

    def test_a_wait_that_the_log_begins_before_its_statement_was_sent(self) -> None:
        """The clocks of server and harness differ: the statement is the one that shares most time with the wait."""
        builder = busy().statement("S1", "SET x = 1", end=10_003, tag="SET", transaction=1)
        builder.statement("S2", ALTER, start=10_003, end=11_503, transaction=1).locks("S2", STRONG)
        builder.wait(
            MIGRATION_PID, 10_002.5, 11_500, role=Role.MIGRATION, mode="AccessExclusiveLock",
            holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID,), error=1,
        )  # fmt: skip
        builder.wait(100, 10_100, 11_503, holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID, 100))
        s1, s2 = analyse(builder.history()).statements
        assert (s1.blocked_actors, s2.blocked_actors) == (0, 1)
        assert s2.blocked[0].chain[1] == "S2 waiting for AccessExclusiveLock on public.orders"
