"""The noise floor: what two windows differ by though nothing migrates, and what is held against it."""

import numpy as np
import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import NoiseFacts, TrafficFacts
from harness.analysis.judge import judge
from harness.analysis.judgement import Check
from harness.model.verdict import Verdict
from harness.model.words import PhaseKind
from harness.spec.scenario import BudgetsSpec, OperationSpec, Scenario, TrafficSpec
from tests.unit.analysis.histories import ALTER, MS, STRONG, Builder, busy

SPEC = TrafficSpec(operation=(OperationSpec(name="view", sql="SELECT 1"),))


def plain(*, p99: str = "10x", outage: str = "250ms") -> Builder:
    scenario = Scenario(name="x", traffic=SPEC, budgets=BudgetsSpec(p99=p99, outage=outage))
    builder = Builder(scenario=scenario).phases().traffic().operation().down()
    return builder.statement("S1", ALTER, end=11_000, lock_timeout_ms=200).locks("S1", STRONG)


def uneven(
    builder: Builder, *, seed: int = 3, median_ms: float = 4.0, spread: float = 0.8, until: int = 10_000
) -> None:
    """A baseline at 200/s whose times vary as those of a server do (lognormal)."""
    random = np.random.default_rng(seed)
    for due in range(0, until, 5):
        builder.one(due, due + median_ms * float(random.lognormal(0, spread)))


def traffic(builder: Builder) -> TrafficFacts:
    found = analyse(builder.history()).traffic
    assert found is not None
    return found


def noise(builder: Builder) -> NoiseFacts:
    found = traffic(builder).noise
    assert found is not None
    return found


def check(builder: Builder, id_: str) -> Check:
    judgement = judge(analyse(builder.history()), builder.scenario)
    return next(one for one in (*judgement.checks, *judgement.trust) if one.id == id_)


class TestFloor:
    def test_a_steady_baseline_has_none(self) -> None:
        floor = noise(busy())
        assert (floor.p50_ns, floor.p99_ns, floor.blocks, floor.calibrated) == (0, 0, 40, False)
        assert floor.window_ns == 3_000 * MS

    def test_it_is_what_windows_of_the_baseline_really_differ_by(self) -> None:
        """Of windows drawn anew from the same distribution about one in a hundred differs by more."""
        builder = plain()
        uneven(builder)
        floor = noise(builder.run(10_000, 18_000))
        random = np.random.default_rng(99)
        off = []
        for _ in range(300):
            window, base = (4 * random.lognormal(0, 0.8, size=size) for size in (600, 2_000))
            off.append(abs(np.quantile(window, 0.99) - np.quantile(base, 0.99)))
        beyond = np.mean(np.array(off) * MS > floor.p99_ns)
        assert beyond <= 0.10
        assert floor.p99_ns <= 4 * np.quantile(off, 0.99) * MS

    def test_the_same_run_has_the_same_floor(self) -> None:
        builder, again = plain(), plain()
        uneven(builder)
        uneven(again)
        assert noise(builder.run(10_000, 18_000)) == noise(again.run(10_000, 18_000))

    def test_too_few_operations_tell_nothing(self) -> None:
        few = Builder(scenario=plain().scenario).phases().traffic(rate=2).operation().run(0, 18_000, every=500)
        assert traffic(few).noise is None

    def test_no_migration_no_window(self) -> None:
        builder = Builder(scenario=plain().scenario).phase(PhaseKind.BASELINE, 0, 10_000).traffic().operation()
        assert traffic(builder.run(0, 10_000)).noise is None


class TestClaims:
    @pytest.mark.parametrize(
        ("service", "verdict"), [(0.5, Verdict.PASS), (25, Verdict.INCONCLUSIVE), (200, Verdict.FAIL)]
    )
    def test_p99_beyond_its_limit_counts_beyond_the_floor(self, service: float, verdict: Verdict) -> None:
        """One block of the baseline is 90 ms slow: a window as long as the migration's may well hold it."""
        builder = plain(p99="2x")
        builder.run(0, 2_500).run(2_500, 2_600, service=90).run(2_600, 10_000)
        builder.run(10_000, 13_000, service=service).run(13_000, 18_000)
        assert check(builder, "p99").verdict is verdict

    def test_an_absolute_limit_is_held_against_it_too(self) -> None:
        builder = plain(p99="30ms")
        builder.run(0, 2_500).run(2_500, 2_600, service=90).run(2_600, 10_000)
        builder.run(10_000, 13_000, service=50).run(13_000, 18_000)
        found = check(builder, "p99")
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "noise floor" in found.note

    @pytest.mark.parametrize(("budget", "verdict"), [("390ms", Verdict.INCONCLUSIVE), ("100ms", Verdict.FAIL)])
    def test_an_outage_just_over_its_budget(self, budget: str, verdict: Verdict) -> None:
        builder = plain(outage=budget)
        builder.run(0, 5_000).stall(5_000, 5_050).run(5_050, 10_000).stall(10_001, 10_401).run(10_401, 18_000)
        assert check(builder, "outage").verdict is verdict

    def test_a_real_block_is_never_noise(self) -> None:
        """Waits come from the log: whatever the baseline looked like, 1.5 s are 1.5 s."""
        builder = plain()
        uneven(builder, median_ms=30, spread=1.5)
        builder.run(10_000, 18_000)
        builder.wait(100, 10_000, 11_500, holders=(900,), queue=(100,))
        assert check(builder, "blocked").verdict is Verdict.FAIL


class TestCalibration:
    def aa(self, service: float) -> Builder:
        builder = plain()
        for event in list(builder.events):
            if getattr(event, "phase", None) is PhaseKind.BASELINE:
                builder.events.remove(event)
        builder.phase(PhaseKind.CALIBRATE, 0, 3_000).phase(PhaseKind.BASELINE, 3_000, 10_000)
        return builder.run(0, 3_000, service=service).run(3_000, 18_000)

    def test_what_the_a_a_window_differs_by_is_the_least(self) -> None:
        floor = noise(self.aa(8))
        assert floor.calibrated
        assert (floor.p50_ns, floor.p99_ns) == (int(7.5 * MS), int(7.5 * MS))
        assert traffic(self.aa(8)).course[0].phase == "calibrate"

    def test_a_calm_one_passes_and_is_shown(self) -> None:
        assert check(self.aa(0.5), "calibration").verdict is Verdict.PASS

    def test_one_that_breaks_the_budget_with_nothing_migrating(self) -> None:
        found = check(self.aa(60), "calibration")
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "the workload alone exceeds them" in found.note
