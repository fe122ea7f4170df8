"""Order statistics, and the timeline in equal buckets."""

import inspect

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import latency, outage, timeline
from harness.analysis.analyse import analyse
from harness.analysis.latency import rank, responses_of, summary
from harness.analysis.timeline import bucket_width, timeline_of
from harness.events.observation import (
    ServerSampled,
)
from harness.events.operations import OPERATION_DTYPE, Outcome
from harness.model.spans import Span
from harness.model.words import Pass
from tests.unit.analysis.histories import (
    MS,
    Builder,
    behind_a_long_reader,
)


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
