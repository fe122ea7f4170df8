"""Whether the traffic was what the scenario asked for: each limit is inconclusive and says what to do."""

from typing import Any

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import CourseFacts
from harness.analysis.judge import judge
from harness.analysis.judgement import Check, Judgement
from harness.events.operations import Outcome
from harness.events.traffic import OperationMissed, RateChanged, TrafficBegan
from harness.model.verdict import Verdict
from harness.spec.scenario import Arrival, BurstSpec, OperationSpec, RampSpec, Scenario, TrafficSpec
from tests.unit.analysis.histories import ALTER, Builder, S, busy

OPERATIONS = (OperationSpec(name="view", sql="SELECT 1"),)


def judged(builder: Builder) -> Judgement:
    return judge(analyse(builder.history()), builder.scenario)


def aspect(builder: Builder, id_: str) -> Check:
    return next(one for one in judged(builder).trust if one.id == id_)


def bare(**spec: Any) -> Builder:
    scenario = Scenario(name="x", traffic=TrafficSpec(operation=OPERATIONS, **spec))
    return Builder(scenario=scenario).phases().operation().down().statement("S1", ALTER, lock_timeout_ms=200)


def course(builder: Builder) -> dict[str, CourseFacts]:
    found = analyse(builder.history()).traffic
    assert found is not None
    return {one.phase: one for one in found.course}


def test_a_sound_run_is_told_too() -> None:
    judgement = judged(busy().statement("S1", ALTER, lock_timeout_ms=200))
    assert {one.id for one in judgement.trust} == {"dispatch", "generator", "rate", "pool", "baseline"}
    assert {one.verdict for one in judgement.trust} == {Verdict.PASS}
    assert not {one.id for one in judgement.trust} & {one.id for one in judgement.checks}


class TestRate:
    def test_each_phase_is_held_against_its_schedule(self) -> None:
        """The whole run has nearly its rate, the phase that counts has half of it."""
        builder = bare().traffic().run(0, 10_000).run(10_000, 12_000, every=10).run(12_000, 18_000)
        found = aspect(builder, "rate")
        assert (found.verdict, found.limit, found.found) == (Verdict.INCONCLUSIVE, "200/s", "100/s in migrate")
        assert "lower traffic.rate" in found.note

    def test_bursts_and_ramps_are_part_of_the_schedule(self) -> None:
        burst = BurstSpec(rate=1_000, every="20s", duration="1s", start="5s")
        builder = bare(burst=(burst,)).traffic().add(TrafficBegan(at_ns=0))
        builder.run(0, 5_000).run(5_000, 6_000, every=1).run(6_000, 18_000)
        baseline = course(builder)["baseline"]
        assert baseline.scheduled == pytest.approx(2_800)
        assert (baseline.offered, baseline.peak_rate) == (2_800, 1_000)
        assert aspect(builder, "rate").verdict is Verdict.PASS
        ramp = bare(ramp=(RampSpec(at="10s", rate=400),)).traffic().add(TrafficBegan(at_ns=0)).run(0, 18_000, every=2.5)
        assert course(ramp)["baseline"].scheduled == pytest.approx(3_000)

    def test_a_changed_rate_counts_from_when_it_was_changed(self) -> None:
        builder = bare().traffic().add(TrafficBegan(at_ns=0)).add(RateChanged(at_ns=10 * S, rate=50.0))
        builder.add(RateChanged(at_ns=12 * S, rate=None)).run(0, 10_000).run(10_000, 12_000, every=20)
        builder.run(12_000, 18_000)
        assert course(builder)["migrate"].scheduled == pytest.approx(100)
        assert course(builder)["settle"].scheduled == pytest.approx(600)
        assert course(builder)["settle after rollback"].scheduled == pytest.approx(400)
        assert aspect(builder, "rate").verdict is Verdict.PASS

    def test_a_recorded_trace_comes_again_and_again(self) -> None:
        """In 4 s 300 arrivals and then 100: of both halves of each phase, in the middle of one, too."""
        builder = bare(arrival=Arrival.TRACE, trace="t.csv").traffic(rate=100, trace=(300, 100), period_ns=4 * S)
        builder.add(TrafficBegan(at_ns=S)).run(0, 18_000)
        assert course(builder)["baseline"].scheduled == pytest.approx(2 * 400 + 150)
        assert course(builder)["migrate"].scheduled == pytest.approx(150 + 50)
        assert aspect(builder, "rate").verdict is Verdict.PASS

    def test_a_recorded_trace_that_was_too_fast_is_told(self) -> None:
        builder = bare(arrival=Arrival.TRACE, trace="t.csv").traffic(rate=400, trace=(400,), period_ns=S)
        found = aspect(builder.add(TrafficBegan(at_ns=0)).run(0, 18_000), "rate")
        assert (found.verdict, found.limit) == (Verdict.INCONCLUSIVE, "400/s")

    def test_a_recorded_trace_whose_arrivals_were_not_journaled_is_what_it_is(self) -> None:
        builder = bare(arrival=Arrival.TRACE, trace="t.csv").traffic().run(0, 18_000)
        assert course(builder)["baseline"].scheduled is None
        assert "rate" not in {one.id for one in judged(builder).trust}

    def test_versions_of_a_phase(self) -> None:
        builder = busy().mix(0, old=1.0).mix(11_000, old=1, new=3)
        found = course(builder)
        assert (found["baseline"].mix, found["migrate"].mix) == ({"old": 1.0}, {"old": 0.25, "new": 0.75})


class TestPool:
    def stuck(self) -> Builder:
        """Four actors hold what they have to the end; everybody else waits."""
        builder = bare().traffic(actors=4)
        for due in range(0, 18_000, 50):
            builder.one(due, 21_000, outcome=Outcome.ABANDONED)
        return builder

    def test_a_queue_that_grows_all_through_the_baseline(self) -> None:
        judgement = judged(self.stuck())
        assert judgement.verdict is Verdict.INCONCLUSIVE
        pool = next(one for one in judgement.checks if one.id == "pool")
        assert "all 4 actors were busy: raise traffic.actors" in pool.note
        failed = next(one for one in judgement.checks if one.id == "failed")
        assert failed.verdict is Verdict.INCONCLUSIVE
        assert "the traffic's own doing" in failed.note

    def test_a_backlog_without_an_error(self) -> None:
        builder = bare().traffic(actors=4, rate=100)
        for due in range(0, 18_000, 10):
            builder.one(due, due + 10 + due * 0.3)
        pool = aspect(builder, "pool")
        assert (pool.verdict, "not done at its end" in pool.found) == (Verdict.INCONCLUSIVE, True)

    def test_few_slow_operations_are_no_backlog(self) -> None:
        builder = bare().traffic(actors=4, rate=2).run(0, 18_000, every=500, service=1_900)
        assert aspect(builder, "pool").verdict is Verdict.PASS

    def test_what_the_server_refused_is_still_the_migrations(self) -> None:
        builder = self.stuck().run(10_500, 10_600, outcome=Outcome.ERROR, sqlstate="42703")
        failed = next(one for one in judged(builder).checks if one.id == "failed")
        assert failed.verdict is Verdict.FAIL

    def test_a_pool_that_the_migration_exhausts_fails(self) -> None:
        builder = bare().traffic(actors=4).run(0, 18_000)
        for due in range(10_000, 11_000, 10):
            builder.one(due, due + 5_000, outcome=Outcome.POOL_TIMEOUT, checkout=-1, start=-1, sqlstate="POOLT")
        failed = next(one for one in judged(builder).checks if one.id == "failed")
        assert failed.verdict is Verdict.FAIL


class TestOwnDoing:
    def test_a_late_generator_proves_no_slowness(self) -> None:
        builder = bare().traffic(lag_p99_ns=60_000_000).run(0, 10_000).run(10_000, 18_000, service=60)
        p99 = next(one for one in judged(builder).checks if one.id == "p99")
        assert p99.verdict is Verdict.INCONCLUSIVE
        assert "operations dispatched on time" in p99.note


@pytest.mark.parametrize(("misses", "verdict"), [(0, Verdict.PASS), (150, Verdict.PASS), (300, Verdict.INCONCLUSIVE)])
def test_parameters_that_meet_no_row(misses: int, verdict: Verdict) -> None:
    builder = busy().add(OperationMissed(at_ns=1, operation=0, executions=3_600, misses=misses))
    found = aspect(builder, "parameters")
    assert found.verdict is verdict
    assert ("sample more keys" in found.note) is (verdict is Verdict.INCONCLUSIVE)


def test_connections_that_are_refused_again_and_again() -> None:
    builder = bare().traffic(actors=4, connect_failures=50).run(0, 18_000)
    assert "max_connections" in aspect(builder, "connections").note


def test_a_baseline_in_which_nothing_fell_due() -> None:
    nothing = bare().traffic()
    assert "raise traffic.rate" in aspect(nothing, "baseline").note
