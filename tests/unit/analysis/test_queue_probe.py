"""What a long transaction in the migration's way showed decides about the queue."""

from typing import Any

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.analysis.judgement import Finding, Level
from harness.events.probes import AppStatement, DeadlockProbed, DeadlockSeen, QueueProbed
from harness.model.words import Pass
from tests.unit.analysis.histories import MS, Builder, busy

ALTER = "ALTER TABLE orders ADD COLUMN note text"


def probed(builder: Builder, **more: Any) -> Builder:
    """A wait without end behind a reader of orders, with a read and a write behind it, unless told otherwise."""
    values: dict[str, Any] = {
        "statement": "S1", "relation": "public.orders", "mode": "AccessExclusiveLock", "antagonist": "reader",
        "outcome": "waiting", "waited_ns": 2_601 * MS, "error_ns": 2 * MS, "waits": 1, "waited_for": "relation",
        "reads_queued": True, "reads_queued_ns": 2_570 * MS, "writes_queued": True, "writes_queued_ns": 2_570 * MS,
        **more,
    }  # fmt: skip
    return builder.add(QueueProbed(at_ns=1, pass_=Pass.PROBE, **values))


def altering(tag: str = "ALTER TABLE", **more: Any) -> Builder:
    builder = busy().statement("S1", ALTER, tag=tag, **{"lock_timeout_ms": 0, **more})
    return builder.locks("S1", ("public.orders", "AccessExclusiveLock"))


def found(builder: Builder, word: str) -> list[Finding]:
    history = builder.history()
    judgement = judge(analyse(history), history.info.scenario)
    return [finding for finding in judgement.findings if finding.hazard.name == word]


class TestLockQueue:
    def test_a_wait_without_end_with_readers_behind_it_is_an_error_with_the_measured_evidence(self) -> None:
        (finding,) = found(probed(altering()), "lock_queue")
        assert (finding.level, finding.relation, finding.statement) == (Level.ERROR, "public.orders", "S1")
        assert "still waited for AccessExclusiveLock after 2,601 ms ± 2 ms" in finding.evidence[0]
        assert any("an ordinary read of orders" in line and "2,570 ms" in line for line in finding.evidence)

    def test_writes_alone_are_told_alone(self) -> None:
        builder = probed(altering(), reads_queued=False, reads_queued_ns=None, antagonist="writer", mode="ShareLock")
        (finding,) = found(builder, "lock_queue")
        assert "writes of orders" in finding.title
        assert "reads" not in finding.title

    def test_a_wait_behind_which_nobody_queued_is_none(self) -> None:
        builder = probed(altering(), reads_queued=False, writes_queued=False)
        assert found(builder, "lock_queue") == []

    def test_a_wait_that_a_timeout_set_elsewhere_ended_is_none(self) -> None:
        builder = probed(altering("DO"), outcome="cancelled", sqlstate="55P03", waited_ns=300 * MS, waits=4)
        assert found(builder, "lock_queue") == []

    def test_a_bound_that_did_not_hold_is_no_bound(self) -> None:
        builder = probed(altering("DO", lock_timeout_ms=1_000))
        assert [finding.level for finding in found(builder, "lock_queue")] == [Level.ERROR]

    def test_a_bound_that_may_still_strike_is_one(self) -> None:
        assert found(probed(altering(lock_timeout_ms=5_000)), "lock_queue") == []

    def test_a_bound_over_ten_seconds_is_none(self) -> None:
        assert found(probed(altering(lock_timeout_ms=600_000)), "lock_queue")[0].level is Level.ERROR

    def test_an_experiment_that_the_migration_did_not_come_to_says_nothing(self) -> None:
        builder = probed(altering(), outcome="not_reached", waited_ns=None, waits=0)
        assert [finding.level for finding in found(builder, "lock_queue")] == [Level.WARNING]

    def test_an_experiment_on_another_statement_says_nothing(self) -> None:
        assert [f.level for f in found(probed(altering(), statement="S7"), "lock_queue")] == [Level.WARNING]


class TestMissingLockTimeout:
    def test_a_timeout_that_was_seen_to_strike_is_there(self) -> None:
        builder = probed(altering("DO"), outcome="cancelled", sqlstate="55P03", waited_ns=300 * MS, waits=4)
        assert found(builder, "missing_lock_timeout") == []

    def test_a_statement_timeout_is_another_thing(self) -> None:
        builder = probed(altering(statement_timeout_ms=5_000), outcome="cancelled", sqlstate="57014")
        assert found(builder, "lock_queue") == []
        assert len(found(builder, "missing_lock_timeout")) == 1


class TestConcurrently:
    def test_what_a_timeout_left_half_done_is_a_note_with_the_way_to_clean_up(self) -> None:
        sql = "ALTER TABLE p DETACH PARTITION orders CONCURRENTLY"
        builder = busy().statement("S1", sql, lock_timeout_ms=2_000, autocommit=True)
        left = ("partition left half detached public.orders",)
        probed(builder, outcome="cancelled", concurrently=True, sqlstate="55P03", left_behind=left)
        (finding,) = found(builder, "concurrently_timeout_leftover")
        assert finding.level is Level.NOTE
        assert "ALTER TABLE p DETACH PARTITION orders FINALIZE;" in finding.remedy

    def test_a_cancelled_statement_that_left_nothing_is_none(self) -> None:
        builder = probed(altering(), outcome="cancelled", concurrently=True, sqlstate="55P03")
        assert found(builder, "concurrently_timeout_leftover") == []


class TestDeadlockRisk:
    def test_a_deadlock_of_the_probe_is_an_error_that_names_both_sides_once(self) -> None:
        seen = DeadlockSeen(
            victim="traffic",
            statement="S1",
            application=(AppStatement(operation="pay", statement=1, sql="UPDATE orders\n  SET paid = true"),),
        )
        (finding,) = found(_deadlocks(seen, seen), "deadlock_risk")
        assert finding.title == "2 deadlocks between the migration and the application"
        assert (finding.level, finding.statement) == (Level.ERROR, "S1")
        assert finding.evidence == (
            "deadlock probe: the application got 40P01 while S1 ran against pay: UPDATE orders SET paid = true",
        )

    def test_a_probe_without_one_is_none(self) -> None:
        assert found(_deadlocks(), "deadlock_risk") == []


def _deadlocks(*seen: DeadlockSeen) -> Builder:
    return altering(lock_timeout_ms=200).add(
        DeadlockProbed(
            at_ns=1, pass_=Pass.PROBE, loopers=4, rounds=1, transactions=(("S1",),), executed=100, blocked=4,
            deadlocks=seen,
        )
    )  # fmt: skip
