"""[[budget]]: any recorded number against a limit."""

from typing import Any

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.judgement import Check
from harness.analysis.measures import MEASURES, measured
from harness.analysis.metric_checks import metric_check
from harness.events.operations import Outcome
from harness.events.traffic import OperationFailed
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass
from harness.spec.metrics import METRICS
from harness.spec.scenario import BudgetSpec, Scenario
from tests.unit.analysis.histories import MIGRATION_PID, Builder, busy

ALTER = "ALTER TABLE orders ADD COLUMN status text"
AE = ("public.orders", "AccessExclusiveLock")


def run() -> Builder:
    builder = busy().statement("S1", ALTER, end=11_600).locks("S1", AE).wal("S1", 3 * 1024**2)
    builder.work("S1", "public.orders", rows_before=10, rows_updated=5)
    builder.statement("S2", ALTER, start=11_700, end=11_720).locks("S2", AE)
    builder.wait(100, 10_010, 10_800, holders=(MIGRATION_PID,), queue=(100,))
    builder.operation(1, "checkout").run(13_000, 13_100, operation=1, outcome=Outcome.ERROR, sqlstate="42703")
    return builder.add(OperationFailed(at_ns=1, operation=1, statement=0, sqlstate="42703", message="no column"))


def checked(builder: Builder, metric: str, limit: str | int, **narrow: Any) -> Check:
    history = builder.history()
    return metric_check(BudgetSpec(metric=metric, limit=limit, **narrow), analyse(history), history.info.scenario)


def test_every_metric_has_its_measure() -> None:
    assert METRICS.keys() == MEASURES.keys()


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_can_be_asked_of_any_run(metric: str) -> None:
    quiet = Builder(scenario=Scenario(name="x")).statement("S1", ALTER, passes=(Pass.TRACE,)).history()
    for facts in (analyse(run().history()), analyse(quiet)):
        found = measured(facts, BudgetSpec(metric=metric, limit=0))
        assert found.value is not None or found.note


@pytest.mark.parametrize(
    ("metric", "limit", "narrow", "verdict", "found", "blame"),
    [
        ("statement.held", "1s", {}, Verdict.FAIL, "1,600 ms", "S1"),
        ("statement.held", "1s", {"statement": "S2"}, Verdict.PASS, "20.0 ms", "S2"),
        ("statement.held", "1s", {"statement": "S9"}, Verdict.INCONCLUSIVE, "not measured", ""),
        ("statement.blocked", "500ms", {}, Verdict.FAIL, "790 ms", "S1"),
        ("statement.blocked_actors", 1, {}, Verdict.PASS, "1", "S1"),
        ("statement.locks", 0, {}, Verdict.FAIL, "1", "S1"),
        ("statement.wal", "1MB", {}, Verdict.FAIL, "3 MB", "S1"),
        ("statement.attempts", 1, {}, Verdict.PASS, "1", "S1"),
        ("migration.duration", "1s", {}, Verdict.FAIL, "2,000 ms", ""),
        ("migration.disk", "1MB", {}, Verdict.INCONCLUSIVE, "not measured", ""),
        ("migration.deadlocks", 0, {}, Verdict.PASS, "0", ""),
        ("rollback.duration", "1m", {}, Verdict.PASS, "1,000 ms", ""),
        ("errors", 0, {"sqlstate": "42"}, Verdict.FAIL, "20", "checkout 42703"),
        ("errors", 0, {"sqlstate": "40"}, Verdict.PASS, "0", ""),
        ("errors", 0, {"operation": "checkout", "sqlstate": "42703"}, Verdict.FAIL, "20", "checkout 42703"),
        ("errors", 0, {"operation": "nobody"}, Verdict.INCONCLUSIVE, "not measured", ""),
        ("operations.failed", 0, {"operation": "view"}, Verdict.PASS, "0", ""),
        ("operations.failed", 0, {"operation": "checkout"}, Verdict.FAIL, "20", "checkout"),
        ("latency.p95", "1s", {"operation": "view"}, Verdict.PASS, "0.5 ms", "view"),
        ("latency.p99", "10x", {}, Verdict.PASS, "1.0 ×", ""),
        ("pool.timeouts", 0, {}, Verdict.PASS, "0", ""),
    ],
)
def test_a_number_against_its_limit(
    metric: str, limit: str | int, narrow: dict[str, str], verdict: Verdict, found: str, blame: str
) -> None:
    one = checked(run(), metric, limit, **narrow)
    assert (one.verdict, one.found, one.blame) == (verdict, found, blame)


def test_a_latency_in_another_window() -> None:
    slow = Builder(scenario=Scenario(name="x")).phases().traffic().operation().down()
    slow.run(0, 12_000).run(12_000, 15_000, service=40).run(15_000, 18_000)
    one = checked(slow, "latency.p50", "20ms", during="settle")
    assert (one.id, one.label, one.found) == ("latency.p50[settle]", "p50 after it", "40.0 ms")
    assert one.verdict is Verdict.FAIL
    assert checked(slow, "latency.p50", "20ms").verdict is Verdict.PASS
    assert checked(slow, "latency.p50", "3x", during="settle").found == "80.0 ×"


def test_without_traffic_nothing_is_known_of_the_application() -> None:
    quiet = Builder(scenario=Scenario(name="x")).statement("S1", ALTER, passes=(Pass.TRACE,), direction=Direction.UP)
    one = checked(quiet, "latency.p99", "10ms")
    assert (one.verdict, one.note) == (Verdict.INCONCLUSIVE, "no traffic was recorded")
