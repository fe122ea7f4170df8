"""The schedule: reproducible, of the right rate and shape along any course, unmoved by a change of mix."""

import math
from itertools import pairwise

import numpy as np
import pytest

from harness.model.units import NS_PER_MS, NS_PER_S
from harness.spec.scenario import Arrival, BurstSpec, RampSpec, TrafficSpec
from harness.spec.schedule import (
    NEVER,
    Burst,
    Chooser,
    CourseSchedule,
    RampPoint,
    RateCourse,
    Weighted,
    arrivals,
    due_between,
)

SECONDS = 200
RATE = 500.0
RANDOM = [Arrival.POISSON, Arrival.UNIFORM]


def test_poisson_count_lies_within_four_standard_deviations() -> None:
    count = len(arrivals(RATE, Arrival.POISSON, seed=1, until_ns=SECONDS * NS_PER_S))
    expected = RATE * SECONDS
    assert abs(count - expected) < 4 * math.sqrt(expected)


def test_poisson_gaps_are_exponential() -> None:
    due = arrivals(RATE, Arrival.POISSON, seed=2, until_ns=SECONDS * NS_PER_S)
    gaps = np.sort(np.diff(due)) * RATE / NS_PER_S
    cumulative = np.arange(1, len(gaps) + 1) / len(gaps)
    distance = np.max(np.abs(cumulative - (1 - np.exp(-gaps))))
    assert distance < 1.95 / math.sqrt(len(gaps))  # Kolmogorov–Smirnov at p = 0.001


def test_uniform_arrivals_are_exact() -> None:
    due = arrivals(333.3, Arrival.UNIFORM, seed=1, until_ns=10 * NS_PER_S)
    assert len(due) == 3333
    assert np.max(np.abs(due - np.arange(3333) * NS_PER_S / 333.3)) <= 1


def test_an_hour_of_uniform_arrivals_does_not_drift() -> None:
    due = arrivals(50, Arrival.UNIFORM, seed=1, until_ns=3600 * NS_PER_S)
    assert np.array_equal(due, np.arange(180_000) * (NS_PER_S // 50))


@pytest.mark.parametrize("arrival", RANDOM)
def test_the_same_seed_gives_the_same_arrivals(arrival: Arrival) -> None:
    whole = arrivals(RATE, arrival, seed=3, until_ns=4 * NS_PER_S)
    part = arrivals(RATE, arrival, seed=3, from_ns=NS_PER_S + 1, until_ns=3 * NS_PER_S)
    assert np.array_equal(part, whole[(whole > NS_PER_S) & (whole < 3 * NS_PER_S)])
    assert np.all(np.diff(whole) >= 0)
    other = arrivals(RATE, arrival, seed=4, until_ns=4 * NS_PER_S)
    assert np.array_equal(whole, other) is (arrival is Arrival.UNIFORM)


def test_a_negative_seed_and_no_time_are_fine() -> None:
    assert len(arrivals(RATE, Arrival.POISSON, seed=-1, until_ns=NS_PER_S)) > 0
    assert len(arrivals(RATE, Arrival.POISSON, seed=1, from_ns=5, until_ns=5)) == 0


def test_a_rate_so_low_that_nothing_comes_in_a_lifetime() -> None:
    block = CourseSchedule(RateCourse(1e-300), Arrival.POISSON, seed=1).next_block()
    assert block is not None
    assert np.all((block.due_ns >= 2**62) & (block.due_ns < NEVER))


def test_the_course_of_a_scenario() -> None:
    course = RateCourse.of(
        TrafficSpec(
            rate=100,
            ramp=(RampSpec(at="10s", rate=300), RampSpec(at="20s", rate=0)),
            burst=(BurstSpec(rate=900, every="5s", duration="1s", start="2s"),),
        )
    )
    assert [course.rate_at(at * NS_PER_S) for at in (0, 1, 2, 3, 5, 7, 10, 15, 21, 22)] == [
        100, 120, 900, 160, 200, 900, 300, 150, 0, 900,
    ]  # fmt: skip
    assert course.peak == 900
    assert not course.is_constant
    assert RateCourse.of(TrafficSpec()).is_constant


def test_the_integral_of_ramp_and_burst() -> None:
    ramp = RateCourse(0, ramp=(RampPoint(at_ns=10 * NS_PER_S, rate=100),))
    assert ramp.expected(0, 10 * NS_PER_S) == pytest.approx(500)
    assert ramp.expected(5 * NS_PER_S, 15 * NS_PER_S) == pytest.approx(375 + 500)
    burst = RateCourse(10, bursts=(Burst(rate=110, every_ns=10 * NS_PER_S, for_ns=NS_PER_S, start_ns=3 * NS_PER_S),))
    assert burst.expected(0, 20 * NS_PER_S) == pytest.approx(200 + 2 * 100)
    assert burst.expected(7, 7) == 0


def test_a_ramp_may_begin_with_its_own_point() -> None:
    course = RateCourse(
        200,
        ramp=(RampPoint(at_ns=0, rate=0), RampPoint(at_ns=NS_PER_S, rate=50), RampPoint(at_ns=3 * NS_PER_S, rate=9)),
    )
    assert [course.rate_at(at) for at in (0, NS_PER_S // 2, NS_PER_S, 3 * NS_PER_S)] == [0, 25, 50, 9]


def test_uniform_arrivals_along_a_ramp_follow_the_square_root() -> None:
    course = RateCourse(0, ramp=(RampPoint(at_ns=10 * NS_PER_S, rate=100),))
    due = arrivals(course, Arrival.UNIFORM, seed=1, until_ns=10 * NS_PER_S)
    assert np.max(np.abs(due - np.rint(np.sqrt(np.arange(500) / 5) * NS_PER_S))) <= 1  # t² · 10/2 = k


def test_bursts_that_overlap_and_one_that_never_ends() -> None:
    first = Burst(rate=100, every_ns=4 * NS_PER_S, for_ns=2 * NS_PER_S)
    second = Burst(rate=7, every_ns=NS_PER_S, for_ns=NS_PER_S, start_ns=NS_PER_S)
    course = RateCourse(1, bursts=(first, second))
    assert [course.rate_at(at * NS_PER_S // 2) for at in range(6)] == [100, 100, 7, 7, 7, 7]
    assert len(arrivals(course, Arrival.UNIFORM, seed=1, until_ns=11 * NS_PER_S)) == 100 + 70


def test_nothing_is_due_any_more_until_the_rate_changes() -> None:
    schedule = CourseSchedule(RateCourse(10, ramp=(RampPoint(at_ns=NS_PER_S, rate=0),)), Arrival.UNIFORM, seed=1)
    block = schedule.next_block()
    assert block is not None
    assert len(block.due_ns) == 5
    assert schedule.next_block() is None
    schedule.change_rate(3 * NS_PER_S, 10.0, left=0)
    block = schedule.next_block()
    assert block is not None
    assert block.due_ns[:2].tolist() == [3 * NS_PER_S, 3 * NS_PER_S + 100 * NS_PER_MS]


def test_a_rate_may_change_and_change_back() -> None:
    course = RateCourse(10, ramp=(RampPoint(at_ns=20 * NS_PER_S, rate=30),))
    course = course.changed(4 * NS_PER_S, 50.0).changed(10 * NS_PER_S, None)
    assert [course.rate_at(at * NS_PER_S) for at in (3, 4, 9, 10, 25)] == [13, 50, 50, 20, 30]
    again = course.changed(4 * NS_PER_S, 7.0)
    assert [change.rate for change in again.changes] == [7.0]
    assert course.peak == 50


def test_legs_have_no_gaps() -> None:
    course = RateCourse(
        5,
        ramp=(RampPoint(at_ns=7 * NS_PER_S, rate=50),),
        bursts=(Burst(rate=3, every_ns=2 * NS_PER_S, for_ns=NS_PER_S // 2),),
    )
    legs = [leg for leg, _ in zip(course.legs(), range(20), strict=False)]
    assert legs[0].start_ns == 0
    assert all(one.end_ns == other.start_ns for one, other in pairwise(legs))
    assert next(iter(RateCourse(5).legs())).end_ns == NEVER


def test_chi_square_of_exponential_gaps_within_a_burst_and_outside() -> None:
    """In operational time the gaps are exponential whatever the course: ten equal classes, 9 degrees of freedom."""
    course = RateCourse(
        200,
        ramp=(RampPoint(at_ns=20 * NS_PER_S, rate=600), RampPoint(at_ns=60 * NS_PER_S, rate=100)),
        bursts=(Burst(rate=1500, every_ns=7 * NS_PER_S, for_ns=NS_PER_S),),
    )
    due = arrivals(course, Arrival.POISSON, seed=11, until_ns=60 * NS_PER_S)
    gaps = np.array([course.expected(one, other) for one, other in pairwise(due[:6000].tolist())])
    edges = -np.log(1 - np.arange(11)[:-1] / 10)
    counts = np.histogram(gaps, bins=[*edges, np.inf])[0]
    expected = len(gaps) / 10
    assert float(np.sum((counts - expected) ** 2 / expected)) < 27.9  # p = 0.001


def test_mean_and_variance_of_poisson_windows_in_and_out_of_bursts() -> None:
    course = RateCourse(100, bursts=(Burst(rate=400, every_ns=NS_PER_S, for_ns=NS_PER_S // 4),))
    seconds = 4000
    due = arrivals(course, Arrival.POISSON, seed=12, until_ns=seconds * NS_PER_S)
    counts = np.histogram(due, bins=np.arange(4 * seconds + 1) * (NS_PER_S // 4))[0].reshape(seconds, 4)
    for window, mean in enumerate((100.0, 25.0, 25.0, 25.0)):
        own = counts[:, window]
        assert abs(own.mean() - mean) < 4 * math.sqrt(mean / seconds)
        assert own.var() == pytest.approx(mean, rel=4 * math.sqrt(2 / seconds) + 0.01)
    assert abs(float(np.corrcoef(counts[:, 0], counts[:, 1])[0, 1])) < 4 / math.sqrt(seconds)  # independent


OPERATIONS = [Weighted(0, 3.0, ""), Weighted(1, 1.0, "old"), Weighted(2, 1.0, "new"), Weighted(3, 0.0, "")]
VERSIONS = ("", "old", "new")


def shares(mix: dict[str, float]) -> dict[tuple[int, int], float]:
    chooser = Chooser(OPERATIONS, versions=VERSIONS, mix=mix)
    schedule = CourseSchedule(RateCourse(100_000), Arrival.POISSON, seed=6)
    chosen = []
    for _ in range(10):
        drawn = schedule.next_block()
        assert drawn is not None
        pairs = zip(drawn.version_draw.tolist(), drawn.operation_draw.tolist(), strict=True)
        chosen += [chooser.choose(version, operation) for version, operation in pairs]
    return {pair: chosen.count(pair) / len(chosen) for pair in set(chosen)}


def test_an_empty_mix_runs_everything_by_weight() -> None:
    found = shares({})
    assert found.keys() == {(0, 0), (0, 1), (0, 2)}
    assert found[(0, 0)] == pytest.approx(0.6, abs=0.025)


def test_a_mix_is_normalised_and_chooses_among_its_versions() -> None:
    found = shares({"old": 2, "new": 6})
    assert found.keys() == {(1, 0), (1, 1), (2, 0), (2, 2)}
    assert found[(1, 0)] + found[(1, 1)] == pytest.approx(0.25, abs=0.025)
    assert found[(2, 2)] == pytest.approx(0.75 * 0.25, abs=0.025)


def test_an_operation_that_an_arrival_names_runs_where_the_drawn_version_has_it() -> None:
    chooser = Chooser(OPERATIONS, versions=VERSIONS, mix={"old": 1, "new": 1})
    assert chooser.choose(0.1, 0.9, 0) == (1, 0)
    assert chooser.choose(0.1, 0.0, 1) == (1, 1)
    assert chooser.choose(0.9, 0.99, 1) == (2, 2)  # the new version has no operation 1: drawn by weight


def test_a_version_without_operations_is_an_error() -> None:
    with pytest.raises(ValueError, match="'new'"):
        Chooser([Weighted(0, 1.0, "old")], versions=VERSIONS, mix={"old": 1, "new": 1})
    with pytest.raises(ValueError, match="share of 0"):
        Chooser(OPERATIONS, versions=VERSIONS, mix={"old": 0.0})


def test_every_draw_has_a_place() -> None:
    chooser = Chooser([Weighted(i, 0.1, "") for i in range(10)], versions=("",), mix={})
    assert chooser.choose(0.0, 0.0) == (0, 0)
    assert chooser.choose(math.nextafter(1, 0), math.nextafter(1, 0)) == (0, 9)


def test_due_between_stops_where_nothing_comes_any_more() -> None:
    course = RateCourse(10, ramp=(RampPoint(at_ns=NS_PER_S, rate=0),))
    assert len(due_between(CourseSchedule(course, Arrival.UNIFORM, seed=1), 0, NEVER)) == 5
