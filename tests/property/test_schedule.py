"""The schedule along any course: exact counts, order, parts and changes of the rate, whatever is drawn."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.units import NS_PER_MS, NS_PER_S
from harness.rehearsal.traffic.timetable import NEVER, Arriving, Timetable
from harness.spec.scenario import Arrival
from harness.spec.schedule import (
    Burst,
    Chooser,
    CourseSchedule,
    RampPoint,
    RateCourse,
    Trace,
    TraceSchedule,
    Weighted,
    arrivals,
    due_between,
)

UNTIL = 8 * NS_PER_S
RATES = st.floats(1, 400)
INSTANTS = st.integers(0, UNTIL)


@st.composite
def bursts(draw: st.DrawFn) -> Burst:
    every = draw(st.integers(100 * NS_PER_MS, 5 * NS_PER_S))
    length = draw(st.integers(NS_PER_MS, every - 1))
    return Burst(rate=draw(RATES), every_ns=every, for_ns=length, start_ns=draw(INSTANTS))


@st.composite
def courses(draw: st.DrawFn) -> RateCourse:
    at = sorted(draw(st.sets(INSTANTS, max_size=4)))
    ramp = tuple(RampPoint(at_ns=instant, rate=draw(st.one_of(st.just(0.0), RATES))) for instant in at)
    course = RateCourse(draw(RATES), ramp=ramp, bursts=tuple(draw(st.lists(bursts(), max_size=2))))
    for instant in sorted(draw(st.lists(INSTANTS, max_size=2))):
        course = course.changed(instant, draw(st.one_of(st.none(), RATES)))
    return course


SEEDS = st.integers(-(2**63), 2**63)
KINDS = st.sampled_from([Arrival.POISSON, Arrival.UNIFORM])


@settings(deadline=None)
@given(course=courses(), window=st.tuples(INSTANTS, INSTANTS))
def test_uniform_arrivals_count_the_integral_of_the_rate(course: RateCourse, window: tuple[int, int]) -> None:
    start, end = sorted(window)
    due = arrivals(course, Arrival.UNIFORM, seed=1, from_ns=start, until_ns=end)
    assert abs(len(due) - course.expected(start, end)) <= 1 + 1e-6


@settings(deadline=None, max_examples=50)
@given(course=courses(), seed=SEEDS)
def test_poisson_arrivals_count_the_integral_within_five_deviations(course: RateCourse, seed: int) -> None:
    mean = course.expected(0, UNTIL)
    count = len(arrivals(course, Arrival.POISSON, seed=seed, until_ns=UNTIL))
    assert abs(count - mean) <= 5 * math.sqrt(mean) + 12  # the skew of small means


@settings(deadline=None)
@given(course=courses(), pieces=st.lists(INSTANTS, min_size=1, max_size=4))
def test_the_integral_is_additive_and_agrees_with_the_rate(course: RateCourse, pieces: list[int]) -> None:
    cuts = [0, *sorted(pieces), UNTIL]
    total = sum(course.expected(one, other) for one, other in pairwise(cuts))
    assert total == pytest.approx(course.expected(0, UNTIL), rel=1e-9, abs=1e-6)
    assert total <= course.peak * UNTIL / NS_PER_S * (1 + 1e-9)
    for leg in course.legs():
        middle = leg.start_ns + (min(leg.end_ns, UNTIL) - leg.start_ns) // 2
        if leg.start_ns >= UNTIL:
            break
        assert course.rate_at(middle) == pytest.approx(
            leg.rate + leg.slope * (middle - leg.start_ns) / NS_PER_S, rel=1e-9, abs=1e-6
        )


@settings(deadline=None)
@given(course=courses(), kind=KINDS, seed=SEEDS, window=st.tuples(INSTANTS, INSTANTS))
def test_any_window_is_a_part_of_the_whole_and_in_order(
    course: RateCourse, kind: Arrival, seed: int, window: tuple[int, int]
) -> None:
    start, end = sorted(window)
    whole = arrivals(course, kind, seed=seed, until_ns=UNTIL)
    assert np.all(np.diff(whole) >= 0)
    part = arrivals(course, kind, seed=seed, from_ns=start, until_ns=end)
    assert np.array_equal(part, whole[(whole >= start) & (whole < end)])


@settings(deadline=None)
@given(course=courses(), kind=KINDS, seed=SEEDS, parts=st.integers(1, 64))
def test_parts_partition_the_whole(course: RateCourse, kind: Arrival, seed: int, parts: int) -> None:
    whole = arrivals(course, kind, seed=seed, until_ns=UNTIL)
    own = [
        due_between(CourseSchedule(course, kind, seed=seed, part=part, parts=parts), 0, UNTIL) for part in range(parts)
    ]
    for part, due in enumerate(own):
        assert np.array_equal(due, whole[part::parts])


def timetable(course: RateCourse, kind: Arrival, seed: int, *, part: int = 0, parts: int = 1) -> Timetable:
    schedule = CourseSchedule(course, kind, seed=seed, part=part, parts=parts)
    operations = [Weighted(0, 3.0, ""), Weighted(1, 1.0, "old"), Weighted(2, 1.0, "new")]
    made = Timetable(schedule, choosers=lambda mix: Chooser(operations, versions=("", "old", "new"), mix=mix))
    made.set_mix(0, {"old": 1.0})
    made.begin(0)
    made.end(UNTIL)
    return made


def take_until(made: Timetable, at_ns: int) -> list[Arriving]:
    taken = []
    while made.next_ns < at_ns:
        taken.append(made.take())
    return taken


CHANGES = st.lists(st.tuples(INSTANTS, st.one_of(st.none(), RATES), st.integers(0, NS_PER_S)), max_size=4)


@settings(deadline=None, max_examples=50)
@given(course=courses(), kind=KINDS, seed=SEEDS, orders=CHANGES, parts=st.integers(1, 3))
def test_orders_given_while_it_runs_make_the_course_that_is_known_afterwards(
    course: RateCourse, kind: Arrival, seed: int, orders: list[tuple[int, float | None, int]], parts: int
) -> None:
    """However long before it takes effect an order arrives, and on however many processes: no arrival is lost."""
    orders = sorted(orders, key=lambda order: order[0])
    taken: list[int] = []
    for part in range(parts):
        made = timetable(course, kind, seed, part=part, parts=parts)
        for at_ns, rate, early_ns in orders:
            taken += [arriving[0] for arriving in take_until(made, at_ns - early_ns)]
            made.set_rate(at_ns, rate)
        taken += [arriving[0] for arriving in take_until(made, NEVER)]
    known = course
    for at_ns, rate, _ in orders:
        known = known.changed(at_ns, rate)
    expected = arrivals(known, kind, seed=seed, until_ns=UNTIL)
    found = np.sort(np.array(taken, dtype=np.int64))
    assert len(found) == len(expected)
    assert np.all(np.abs(found - expected) <= 1)  # a leg that is cut sums up in two parts


@settings(deadline=None, max_examples=50)
@given(course=courses(), kind=KINDS, seed=SEEDS, at_ns=INSTANTS, rate=RATES)
def test_a_change_moves_no_arrival_of_before_and_no_draw_of_any(
    course: RateCourse, kind: Arrival, seed: int, at_ns: int, rate: float
) -> None:
    plain, changed = timetable(course, kind, seed), timetable(course, kind, seed)
    before = take_until(plain, at_ns)
    changed.set_rate(at_ns, rate)
    assert take_until(changed, at_ns) == before
    after = zip(take_until(plain, NEVER), take_until(changed, NEVER), strict=False)
    assert all(one[1:] == other[1:] for one, other in after)


@settings(deadline=None, max_examples=50)
@given(
    course=courses(),
    kind=KINDS,
    seed=SEEDS,
    at_ns=INSTANTS,
    mix=st.sampled_from([{"new": 1.0}, {"old": 1.0, "new": 3.0}, {}]),
)
def test_a_change_of_the_mix_moves_no_arrival(
    course: RateCourse, kind: Arrival, seed: int, at_ns: int, mix: dict[str, float]
) -> None:
    plain, changed = timetable(course, kind, seed), timetable(course, kind, seed)
    changed.set_mix(at_ns, mix)
    one, other = take_until(plain, NEVER), take_until(changed, NEVER)
    assert [arriving[0] for arriving in one] == [arriving[0] for arriving in other]
    assert [a for a in one if a[0] < at_ns] == [a for a in other if a[0] < at_ns]


@settings(deadline=None)
@given(
    at=st.lists(st.integers(0, NS_PER_S), min_size=2, max_size=50).map(sorted),
    gap=st.integers(1, NS_PER_S),
    parts=st.integers(1, 8),
)
def test_a_trace_repeats_and_is_shared_out(at: list[int], gap: int, parts: int) -> None:
    first = np.array(at, dtype=np.int64) - at[0]
    trace = Trace(first, np.full(len(at), -1, dtype=np.int64), int(first[-1]) + gap)
    until = 3 * trace.period_ns
    whole = due_between(TraceSchedule(trace, seed=1), 0, until)
    assert whole.tolist() == [again * trace.period_ns + due for again in range(3) for due in first.tolist()]
    own = [due_between(TraceSchedule(trace, seed=1, part=part, parts=parts), 0, until) for part in range(parts)]
    assert np.array_equal(np.sort(np.concatenate(own)), whole)
