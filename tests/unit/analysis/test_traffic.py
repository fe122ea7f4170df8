"""The traffic of synthetic runs: windows, failures by version, a lost generator."""

import pytest

from harness.analysis.analyse import analyse
from harness.events.operations import Outcome
from harness.events.traffic import OperationFailed, TrafficLost
from harness.model.spans import Span
from harness.model.words import Pass
from tests.unit.analysis.histories import ALTER, MS, Builder, S, busy


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
