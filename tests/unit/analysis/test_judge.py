"""The judgement: budgets, outcome, quality, accepts, verdict and the sentence."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import Facts
from harness.analysis.hazards.registry import RULES, Rule
from harness.analysis.judge import judge
from harness.analysis.judgement import Check, Finding, Judgement
from harness.events.migration import Accepted
from harness.events.observation import ObserverMeasured, ServerSampled
from harness.events.operations import Outcome
from harness.events.run import QualityNoted, RunInterrupted
from harness.events.traffic import OperationFailed, TrafficLost
from harness.events.verification import InvariantChecked, LedgerChecked
from harness.model.catalog import Change, Difference
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass, PhaseKind, Role
from harness.spec.scenario import (
    AcceptSpec,
    BudgetsSpec,
    InvariantSpec,
    OperationSpec,
    Restore,
    RollbackSpec,
    Scenario,
    TrafficSpec,
)
from tests.unit.analysis.histories import ANTAGONIST_PID, MIGRATION_PID, MS, Builder, S, busy

ALTER = "ALTER TABLE orders ADD COLUMN status text"
AE = ("public.orders", "AccessExclusiveLock")


def judged(builder: Builder, *, complete: bool = True) -> Judgement:
    history = builder.history(complete=complete)
    return judge(analyse(history), history.info.scenario)


def check(judgement: Judgement, id_: str) -> Check:
    return next(one for one in judgement.checks if one.id == id_)


def safe(**scenario: Any) -> Builder:
    return busy(**scenario).statement("S1", ALTER, lock_timeout_ms=200).locks("S1", AE).work("S1")


def blocking(*, length: float = 1500, lock_timeout_ms: int = 0, **scenario: Any) -> Builder:
    end = 10_000 + length
    builder = busy(**scenario).statement("S1", ALTER, end=end + 3, lock_timeout_ms=lock_timeout_ms).locks("S1", AE)
    builder.wait(
        MIGRATION_PID, 10_000, end, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,),
        queue=(MIGRATION_PID,),
    )  # fmt: skip
    for actor in range(4):
        builder.wait(100 + actor, 10_001, end + 3, holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID, 100 + actor))
    return builder


def blocking_down(length: float = 800) -> Builder:
    builder = safe().statement(
        "R1", ALTER, direction=Direction.DOWN, start=15_000, end=15_000 + length, lock_timeout_ms=200
    )
    builder.locks("R1", AE, direction=Direction.DOWN)
    return builder.wait(100, 15_010, 15_000 + length, holders=(MIGRATION_PID,), queue=(100,))


class TestSentence:
    def test_safe(self) -> None:
        judgement = judged(safe())
        assert judgement.verdict is Verdict.PASS
        assert judgement.sentence == (
            "0042-orders-status is safe under this traffic: longest block < 10 ms, rollback restores schema and rows"
        )
        assert judgement.findings == ()
        assert {one.verdict for one in judgement.checks} == {Verdict.PASS}

    def test_blocked_behind_a_queue(self) -> None:
        judgement = judged(blocking())
        assert judgement.verdict is Verdict.FAIL
        assert judgement.sentence == (
            "0042-orders-status would block traffic for 1.5 s: "
            "S1 queued behind another session (pid 812) and 4 of 4 actors waited"
        )
        assert check(judgement, "blocked").found == "1,502 ms"
        assert check(judgement, "blocked").blame == "S1"

    def test_blocked_behind_a_held_lock(self) -> None:
        builder = busy().statement("S1", ALTER, end=10_800, lock_timeout_ms=200).locks("S1", AE)
        builder.wait(100, 10_010, 10_800, holders=(MIGRATION_PID,), queue=(100,))
        assert judged(builder).sentence.endswith(
            "would block traffic for 790 ms: S1 held its lock and 1 of 4 actors waited"
        )

    def test_failed_operations(self) -> None:
        builder = (
            safe().operation(1, "checkout").run(13_000, 14_560, operation=1, outcome=Outcome.ERROR, sqlstate="42703")
        )
        builder.add(OperationFailed(at_ns=1, operation=1, statement=0, sqlstate="42703", message="no column"))
        assert judged(builder).sentence.endswith("would fail 312 operations of checkout: 312 × 42703 no column")

    def test_a_migration_that_fails(self) -> None:
        builder = busy().statement("S1", ALTER, sqlstate="42701", message="exists", lock_timeout_ms=200)
        assert judged(builder).sentence == "0042-orders-status fails: S1 failed with 42701: exists"

    def test_unsafe_by_class_of_work(self) -> None:
        judgement = judged(safe().work("S1", "public.items", rewritten=True))
        assert judgement.verdict is Verdict.FAIL
        assert judgement.sentence == (
            "0042-orders-status is unsafe at production size: orders can neither be read nor written while S1 rewrites "
            "items (and 1 more)"
        )

    def test_a_warning(self) -> None:
        judgement = judged(busy().statement("S1", ALTER).locks("S1", AE))
        assert judgement.verdict is Verdict.WARN
        assert "works under this traffic, with a warning: S1 asks for AccessExclusiveLock" in judgement.sentence

    def test_no_way_back(self) -> None:
        builder = safe()
        builder.events = [e for e in builder.events if getattr(e, "direction", None) is not Direction.DOWN]
        assert "rollback restores schema and rows: not run" in judged(builder).sentence

    def test_a_rollback_that_loses(self) -> None:
        builder = safe().down(Difference(kind="column", identity="public.orders.note", change=Change.MISSING))
        assert judged(builder).sentence.startswith(
            "0042-orders-status cannot be rolled back: the way back loses data: "
        )

    def test_wrong_data_and_lost_writes(self) -> None:
        builder = safe().add(InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="sums", moment="end", violations=3))
        assert judged(builder).sentence.endswith("would make the data wrong: 3 violations, sums (end)")
        builder = safe().add(
            LedgerChecked(
                at_ns=1, acknowledged=9, kept=7, missing={"public.x": 2}, not_followed=(), after_rollback=True
            )
        )
        assert judged(builder).sentence.endswith("would lose acknowledged writes: 7 of 9 kept")

    def test_only_an_outage_or_another_budget(self) -> None:
        stalled = Builder(scenario=safe().scenario).phases().traffic().operation().run(0, 10_500).run(11_500, 18_000)
        stalled.stall(10_500, 11_500).down().statement("S1", ALTER, start=10_400, end=11_400, lock_timeout_ms=200)
        assert "would leave traffic without an answer for 1,000 ms" in judged(stalled).sentence
        slow = safe(budgets=BudgetsSpec(duration="1s"))
        assert judged(slow).sentence.endswith("takes too long: 2,000 ms, limit 1 s")

    def test_without_traffic(self) -> None:
        builder = Builder(scenario=Scenario(name="x", rollback=RollbackSpec(run=False)))
        builder.statement("S1", ALTER, passes=(Pass.TRACE,), lock_timeout_ms=200).locks("S1", AE)
        judgement = judged(builder)
        assert judgement.sentence == "x is safe as far as can be told without traffic: rollback not rehearsed"
        assert "the way back: it was not run" in judgement.not_proven

    def test_an_interrupted_run_cannot_be_judged_whatever_it_shows(self) -> None:
        builder = blocking().add(RunInterrupted(at_ns=11 * S, reason="Ctrl-C"))
        judgement = judged(builder)
        assert judgement.verdict is Verdict.INCONCLUSIVE
        assert judgement.sentence == ("0042-orders-status cannot be judged: the run was broken off (Ctrl-C)")
        assert judged(safe(), complete=False).verdict is Verdict.INCONCLUSIVE


class TestBudgets:
    def test_on_the_way_back_only_is_a_warning(self) -> None:
        judgement = judged(blocking_down())
        one = check(judgement, "blocked")
        assert (one.verdict, one.found, one.blame) == (Verdict.WARN, "790 ms", "R1")
        assert judgement.verdict is Verdict.WARN

    def test_a_hold_on_the_way_back_only_is_a_warning(self) -> None:
        assert check(judged(blocking_down(1200)), "held").verdict is Verdict.WARN

    def test_held(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_600, lock_timeout_ms=200).locks("S1", AE)
        one = check(judged(builder), "held")
        assert (one.verdict, one.found, one.blame) == (Verdict.FAIL, "1,600 ms ± 0.5 ms", "S1")

    def test_of_locks_held_as_long_the_strongest_is_named(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_600, lock_timeout_ms=200)
        builder.locks("S1", AE, ("public.orders", "ShareLock"))
        assert check(judged(builder), "held").note == "AccessExclusiveLock on orders"

    def test_a_table_that_nobody_uses_may_be_held(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_600, lock_timeout_ms=200)
        builder.locks("S1", ("public.audit", "AccessExclusiveLock"))
        assert check(judged(builder), "held").found == "no such lock"

    def test_outage(self) -> None:
        builder = Builder(scenario=safe().scenario).phases().traffic().operation().down()
        builder.run(0, 10_000).run(10_800, 15_100).run(15_500, 18_000)
        builder.stall(10_001, 10_801).stall(15_101, 15_501)
        one = check(judged(builder), "outage")
        assert (one.verdict, one.found) == (Verdict.INCONCLUSIVE, "800 ms")
        assert "no statement was running" in one.note
        during = builder.statement("S1", ALTER, start=10_100, end=10_700, lock_timeout_ms=200)
        one = check(judged(during), "outage")
        assert (one.verdict, one.found) == (Verdict.FAIL, "800 ms")

    def test_an_outage_as_long_as_the_baselines_is_normal(self) -> None:
        builder = Builder(scenario=safe().scenario).phases().traffic(rate=2).operation().down()
        builder.run(0, 18_000, every=500, service=400)
        assert check(judged(builder), "outage").verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("limit", "verdict", "found"),
        [("10x", Verdict.FAIL, "80.0 ×"), ("100x", Verdict.PASS, "80.0 ×"), ("30ms", Verdict.FAIL, "40 ms")],
    )
    def test_p99(self, limit: str, verdict: Verdict, found: str) -> None:
        builder = Builder(scenario=safe(budgets=BudgetsSpec(p99=limit)).scenario).phases().traffic().operation().down()
        builder.run(0, 10_000).run(10_000, 11_000, service=40).run(11_000, 18_000)
        one = check(judged(builder), "p99")
        assert (one.verdict, one.found.replace("80 ×", "80.0 ×").replace("40.0 ms", "40 ms")) == (verdict, found)

    def test_p99_below_what_could_be_blamed_never_fails(self) -> None:
        builder = Builder(scenario=safe().scenario).phases().traffic().operation().down()
        builder.run(0, 10_000).run(10_000, 15_000, service=9).run(15_000, 18_000)
        one = check(judged(builder), "p99")
        assert (one.found, one.verdict) == ("18 ×", Verdict.PASS)

    def test_p99_within_the_noise_floor_is_not_known_to_be_exceeded(self) -> None:
        builder = Builder(scenario=safe(budgets=BudgetsSpec(p99="2x")).scenario).phases().traffic().operation().down()
        builder.run(0, 2_500, service=0.5).run(2_500, 2_530, service=90).run(2_530, 10_000).run(
            10_000, 18_000, service=60
        )
        one = check(judged(builder), "p99")
        assert one.verdict is Verdict.INCONCLUSIVE
        assert "exceeded by less than the noise floor" in one.note

    def test_p99_of_too_few_operations_is_taken_with_the_settle_or_not_at_all(self) -> None:
        wide = Builder(scenario=safe().scenario).phases().traffic(rate=25).operation().down().run(0, 18_000, every=40)
        assert "with the settle" in check(judged(wide), "p99").note
        few = Builder(scenario=safe().scenario).phases().traffic(rate=2).operation().down().run(0, 18_000, every=500)
        assert check(judged(few), "p99").found == "not measured"

    def test_p99_without_a_baseline(self) -> None:
        builder = Builder(scenario=safe().scenario).phases().traffic().operation().down().run(10_000, 18_000)
        assert check(judged(builder), "p99").note == "the baseline has no operations"

    @pytest.mark.parametrize(("limit", "verdict"), [(0, Verdict.FAIL), (1, Verdict.PASS), ("0.1%", Verdict.PASS)])
    def test_failed(self, limit: int | str, verdict: Verdict) -> None:
        builder = safe(budgets=BudgetsSpec(failed=limit)).one(13_000, 13_001, outcome=Outcome.ERROR, sqlstate="57014")
        one = check(judged(builder), "failed")
        assert (one.verdict, one.found, one.blame) == (verdict, "1 of 1,601", "view")

    def test_sizes(self) -> None:
        builder = safe(budgets=BudgetsSpec(wal="1MB", disk="1MB")).wal("S1", 2 * 1024**2)
        judgement = judged(builder)
        assert (check(judgement, "wal").verdict, check(judgement, "wal").found) == (Verdict.FAIL, "2 MB")
        assert (check(judgement, "disk").verdict, check(judgement, "disk").found) == (
            Verdict.INCONCLUSIVE,
            "not measured",
        )

    def test_disk_that_was_sampled(self) -> None:
        builder = safe(budgets=BudgetsSpec(disk="1MB"))
        for at in (9000, 11_000):
            builder.add(
                ServerSampled(
                    at_ns=at * MS, pass_=Pass.LOAD, wal_bytes=0, database_bytes=at, waiting_actors=0, active_actors=0
                )
            )
        assert check(judged(builder), "disk").found == "1.95 kB"

    def test_the_way_back_has_its_time(self) -> None:
        one = check(judged(safe(budgets=BudgetsSpec(rollback_time="500ms"))), "rollback_time")
        assert (one.verdict, one.found, one.limit) == (Verdict.FAIL, "1,000 ms", "500 ms")

    def test_the_time_between_the_steps_of_a_deploy_is_not_the_migrations(self) -> None:
        builder = safe(budgets=BudgetsSpec(duration="1s")).phase(PhaseKind.MIGRATE, 12_000, 14_000, name="contract")
        builder.statement("S2", ALTER, start=12_000, end=12_010, lock_timeout_ms=200)
        assert check(judged(builder), "duration").found == "13.0 ms"


class TestOutcome:
    def test_nothing_ran(self) -> None:
        assert check(judged(busy()), "migration").found == "none ran"

    def test_not_under_load(self) -> None:
        builder = busy().statement("S1", ALTER, passes=(Pass.TRACE,), lock_timeout_ms=200)
        assert check(judged(builder), "migration").verdict is Verdict.INCONCLUSIVE

    def test_a_rollback_that_was_not_compared(self) -> None:
        builder = safe()
        builder.events = [e for e in builder.events if type(e).__name__ != "RowsCompared"]
        judgement = judged(builder)
        assert check(judgement, "rollback").found == "not verified"
        assert "that the way back restores every row: rows were not compared" in judgement.not_proven
        builder.scenario = safe(rollback=RollbackSpec(restore=Restore.SCHEMA)).scenario
        assert check(judged(builder), "rollback").found == "no residue"

    def test_a_failed_migration_leaves_the_rollback_open(self) -> None:
        builder = busy().statement("S1", ALTER, sqlstate="42701", lock_timeout_ms=200)
        builder.events = [e for e in builder.events if type(e).__name__ not in ("StepStarted", "StepEnded")]
        assert check(judged(builder), "rollback").verdict is Verdict.INCONCLUSIVE

    def test_column_order_is_no_residue(self) -> None:
        moved = Difference(kind="column", identity="public.orders.note", change=Change.MOVED)
        builder = Builder(scenario=safe().scenario).down(moved).statement("S1", ALTER, lock_timeout_ms=200)
        assert check(judged(builder.phases().traffic().operation().run(0, 18_000)), "rollback").found == "column order"

    def test_a_declared_irreversible_migration(self) -> None:
        judgement = judged(safe(rollback=RollbackSpec(restore=Restore.NONE, reason="archived")))
        assert "rollback" not in {one.id for one in judgement.checks}
        assert "a way back: declared irreversible (archived)" in judgement.not_proven

    def test_an_invariant_without_an_answer(self) -> None:
        asked = InvariantSpec(name="sums", sql="SELECT 0")
        builder = safe(invariant=(asked,))
        assert check(judged(builder), "invariants").found == "not asked"
        builder.add(
            InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="sums", moment="end", violations=None, sqlstate="42703")
        )
        assert check(judged(builder), "invariants").found == "no answer"
        builder.add(InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="sums", moment="end", violations=0))
        assert check(judged(builder), "invariants").found == "0 violations"


class TestQuality:
    @pytest.mark.parametrize(
        ("account", "id_"),
        [
            ({"lag_p99_ns": 26 * MS}, "dispatch"),
            ({"cpu_ratio": 0.95}, "generator"),
            ({"rate": 400.0}, "rate"),
        ],
    )
    def test_the_generator(self, account: dict[str, Any], id_: str) -> None:
        builder = Builder(scenario=safe().scenario).phases().traffic(**account).operation().run(0, 18_000).down()
        judgement = judged(builder.statement("S1", ALTER, lock_timeout_ms=200))
        assert check(judgement, id_).verdict is Verdict.INCONCLUSIVE
        assert judgement.verdict is Verdict.INCONCLUSIVE

    def test_the_baseline_must_be_sound(self) -> None:
        builder = safe().one(5_000, 5_001, outcome=Outcome.ERROR, sqlstate="40001")
        assert check(judged(builder), "baseline").found == "1 of 2,001"
        empty = Builder(scenario=safe().scenario).phases().traffic().operation().run(10_000, 18_000).down()
        assert check(judged(empty), "baseline").found == "none"

    def test_a_lost_generator_or_none_at_all(self) -> None:
        assert check(judged(safe().add(TrafficLost(at_ns=1, reason="killed"))), "traffic").note == "killed"
        operation = OperationSpec(name="view", sql="SELECT 1")
        builder = Builder(scenario=Scenario(name="x", traffic=TrafficSpec(operation=(operation,))))
        assert check(judged(builder), "traffic").found == "no"

    def test_a_starved_observer_and_an_incomplete_log(self) -> None:
        builder = safe().add(
            ObserverMeasured(
                at_ns=1, pass_=Pass.LOAD, polls=9, poll_ns_total=MS, poll_ns_max=MS, interval_ns=10 * MS,
                gap_ns_max=2 * S,
                log_lines=1, log_complete=True,
            )
        )  # fmt: skip
        assert judged(builder).verdict is Verdict.INCONCLUSIVE

    def test_a_limit_that_does_not_stand_in_the_way_is_not_proven(self) -> None:
        judgement = judged(safe().add(QualityNoted(at_ns=1, subject="cache", message="warm", inconclusive=False)))
        assert judgement.verdict is Verdict.PASS
        assert "cache: warm" in judgement.not_proven
        assert any("crash drills" in line for line in judgement.not_proven)

    def test_a_rule_that_crashes_is_never_a_pass(self) -> None:
        def broken(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
            yield from ()
            raise ZeroDivisionError(facts.interrupted or scenario.name)

        history = safe().history()
        judgement = judge(analyse(history), history.info.scenario, rules=(*RULES, Rule(RULES[0].hazard, broken)))
        assert judgement.verdict is Verdict.INCONCLUSIVE
        assert check(judgement, "rule:lock_queue").found == "crashed: ZeroDivisionError"

    def test_a_check_that_crashes_is_never_a_pass(self) -> None:
        history = safe().history()
        facts = analyse(history)
        assert facts.traffic is not None
        scenario = safe(budgets=BudgetsSpec(held="nonsense")).scenario
        judgement = judge(replace(facts, rollback_ran=True), scenario, rules=())
        assert check(judgement, "rule:budgets").verdict is Verdict.INCONCLUSIVE
        assert "cannot be judged" in judgement.sentence


class TestAccepts:
    def rewriting(self, *accept: AcceptSpec, accepts: tuple[Accepted, ...] = ()) -> Builder:
        builder = busy(accept=accept).statement("S1", ALTER, lock_timeout_ms=200, accepts=accepts)
        return builder.locks("S1", AE).work("S1", rewritten=True)

    def test_an_accepted_hazard_shows_and_does_not_count(self) -> None:
        judgement = judged(self.rewriting(AcceptSpec(hazard="table_rewrite", relation="orders", reason="no readers")))
        assert judgement.verdict is Verdict.PASS
        assert {finding.accepted for finding in judgement.findings} == {"no readers"}
        assert judgement.unused_accepts == ()

    def test_an_id_and_a_comment_accept_too(self) -> None:
        assert judged(self.rewriting(AcceptSpec(hazard="H105", reason="r"))).findings[-1].accepted == "r"
        above = (Accepted(hazard="table_rewrite", reason="seen"),)
        assert judged(self.rewriting(accepts=above)).verdict is Verdict.PASS

    def test_another_relation_or_statement_is_not_accepted(self) -> None:
        judgement = judged(self.rewriting(AcceptSpec(hazard="table_rewrite", relation="audit_log", reason="r")))
        assert judgement.verdict is Verdict.FAIL
        assert judgement.unused_accepts == ("table_rewrite on audit_log",)
        builder = self.rewriting().statement("S2", "SELECT 1", accepts=(Accepted(hazard="table_rewrite", reason="r"),))
        assert judged(builder).unused_accepts == ("table_rewrite at S2",)

    def test_an_accepted_loss_is_not_residue(self) -> None:
        accept = (
            AcceptSpec(hazard="data_loss_on_rollback", reason="a"),
            AcceptSpec(hazard="rollback_schema_drift", reason="b"),
        )
        builder = busy(accept=accept).statement("S1", ALTER, lock_timeout_ms=200)
        builder.down(Difference(kind="column", identity="public.orders.note", change=Change.MISSING))
        builder.add(
            LedgerChecked(
                at_ns=1,
                acknowledged=9,
                kept=7,
                missing={"public.x": 2},
                not_followed=("public.y",),
                after_rollback=True,
            )
        )
        judgement = judged(builder)
        assert (check(judgement, "rollback").note, check(judgement, "ledger").note) == ("accepted: a; b", "accepted: a")
        assert judgement.verdict is Verdict.PASS

    def test_an_accepted_invariant(self) -> None:
        builder = safe(accept=(AcceptSpec(hazard="wrong_results", reason="known"),))
        builder.add(InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="sums", moment="end", violations=3))
        assert check(judged(builder), "invariants").note == "accepted: known"
