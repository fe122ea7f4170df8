"""The server's clock on the run's, and when the migration ran."""

import pytest

from harness.events.run import ClockAnchored
from harness.model.units import NS_PER_MS
from harness.model.words import Direction
from harness.rehearsal.observer.wall_clock import Instant, WallClock
from harness.rehearsal.observer.windows import Windows


def test_between_anchors_the_drift_is_shared_out() -> None:
    wall = WallClock()
    wall.add(ClockAnchored(at_ns=0, wall_ns=1000, error_ns=5))
    wall.add(ClockAnchored(at_ns=1100, wall_ns=2000, error_ns=7))
    assert wall.to_run(1500) == Instant(550, 7 + 50)
    assert wall.to_run(1000).at_ns == 0
    assert wall.to_run(2000).at_ns == 1100


def test_beyond_the_anchors_the_nearest_counts() -> None:
    wall = WallClock()
    wall.add(ClockAnchored(at_ns=0, wall_ns=1000, error_ns=5))
    assert wall.to_run(400) == Instant(-600, 5)
    assert wall.to_run(5000) == Instant(4000, 5)
    assert wall.to_wall(4000) == 5000


def test_without_an_anchor_there_is_no_answer() -> None:
    with pytest.raises(ValueError, match="not been read"):
        WallClock().to_run(1)


def test_windows_of_the_migration() -> None:
    windows = Windows()
    assert windows.current is None
    windows.begin(Direction.UP, tool=True, at_ns=100 * NS_PER_MS)
    windows.end(at_ns=200 * NS_PER_MS)
    windows.begin(Direction.DOWN, tool=False, at_ns=300 * NS_PER_MS)
    assert windows.tool_at(99 * NS_PER_MS) is Direction.UP
    assert windows.tool_at(250 * NS_PER_MS) is None
    assert windows.tool_at(350 * NS_PER_MS) is None
    assert windows.overlap_ns(150 * NS_PER_MS, 160 * NS_PER_MS) == 10 * NS_PER_MS
    assert windows.overlap_ns(50 * NS_PER_MS, 110 * NS_PER_MS) == 10 * NS_PER_MS
    assert windows.overlap_ns(190 * NS_PER_MS, 290 * NS_PER_MS) == 10 * NS_PER_MS
    assert windows.overlap_ns(210 * NS_PER_MS, 290 * NS_PER_MS) == 0
    assert windows.overlap_ns(310 * NS_PER_MS, 320 * NS_PER_MS) == 10 * NS_PER_MS
