"""Bursts, ramps, traces and changes of the rate on a real server: the records have the due times of the schedule."""

import time
from pathlib import Path

import numpy as np
import pytest

from harness.model.units import NS_PER_MS, NS_PER_S
from harness.spec.scenario import Arrival, BurstSpec, OperationSpec, RampSpec, TrafficSpec
from harness.spec.schedule import RateCourse, arrivals
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres

BURST = (BurstSpec(rate=600, every="1s", duration="250ms", start="500ms"),)
RAMP = (RampSpec(at="1s", rate=100), RampSpec(at="2s", rate=300))


@pytest.mark.parametrize("processes", [1, 2])
def test_bursts_and_a_rate_of_its_own_show_in_the_records(rig: Rig, view: OperationSpec, processes: int) -> None:
    """Two seconds with bursts, of which the second one has a rate that was ordered while the first was under way."""
    traffic = rig.start(view, rate=40, burst=BURST, actors=8, arrival=Arrival.UNIFORM, processes=processes)
    began = traffic.begin()
    changed = traffic.set_rate(200, at_ns=began + NS_PER_S)
    assert changed == began + NS_PER_S
    time.sleep(1.5)
    summary = traffic.stop(drain_ns=5 * NS_PER_S, at_ns=began + 2 * NS_PER_S)
    due = rig.records()["due_ns"] - began
    course = RateCourse.of(TrafficSpec(rate=40, burst=BURST)).changed(NS_PER_S, 200.0)
    assert np.array_equal(due, arrivals(course, Arrival.UNIFORM, seed=1, until_ns=2 * NS_PER_S))
    counts = np.histogram(due, bins=np.arange(9) * 250 * NS_PER_MS)[0]
    assert [round(float(count), -1) for count in counts] == [10, 10, 150, 10, 50, 50, 150, 50]
    assert summary.offered == len(due)


def test_a_ramp_and_back_to_it(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=500, ramp=RAMP, actors=8, seed=4)
    began = traffic.begin()
    traffic.set_rate(20, at_ns=began + NS_PER_S // 2)
    traffic.set_rate(None, at_ns=began + NS_PER_S)
    time.sleep(1.0)
    traffic.stop(drain_ns=5 * NS_PER_S, at_ns=began + 2 * NS_PER_S)
    due = rig.records()["due_ns"] - began
    course = RateCourse.of(TrafficSpec(rate=500, ramp=RAMP)).changed(NS_PER_S // 2, 20.0).changed(NS_PER_S, None)
    expected = arrivals(course, Arrival.POISSON, seed=4, until_ns=2 * NS_PER_S)
    assert len(due) == len(expected)
    assert np.all(np.abs(due - expected) <= 1)


def test_a_recorded_trace_comes_again_with_its_operations(rig: Rig, view: OperationSpec, tmp_path: Path) -> None:
    write = OperationSpec(
        name="write", sql="UPDATE orders SET n = n + 1 WHERE id = :id", params={"id": "int(1, 100)"}, weight=1000
    )
    lines = ["seconds,operation", *(f"{k / 100},{'write' if k % 4 == 0 else 'view'}" for k in range(50))]
    (tmp_path / "trace.csv").write_text("\n".join(lines))
    traffic = rig.start(
        view, write, arrival=Arrival.TRACE, trace="trace.csv", actors=4, processes=2, path=tmp_path / "s.toml"
    )
    began = traffic.begin()
    time.sleep(0.5)
    traffic.stop(drain_ns=5 * NS_PER_S, at_ns=began + NS_PER_S)
    records = rig.records()
    assert np.array_equal(records["due_ns"] - began, np.arange(100) * 10 * NS_PER_MS)
    assert records["operation"].tolist() == [1 if k % 50 % 4 == 0 else 0 for k in range(100)]
