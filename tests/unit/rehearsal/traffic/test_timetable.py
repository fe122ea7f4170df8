"""The timetable: arrivals in order, the mix in force when one is due, nothing after the end."""

from collections.abc import Mapping

import pytest

from harness.model.units import NS_PER_S
from harness.rehearsal.traffic.timetable import NEVER, Arriving, Timetable
from harness.spec.scenario import Arrival
from harness.spec.schedule import Chooser, CourseSchedule, RateCourse, Weighted, arrivals

ORIGIN = 7 * NS_PER_S


def make(mix: Mapping[str, float]) -> Timetable:
    operations = [Weighted(0, 1.0, "old"), Weighted(1, 1.0, "new")]
    schedule = CourseSchedule(RateCourse(1000), Arrival.POISSON, seed=3)
    timetable = Timetable(schedule, choosers=lambda mix: Chooser(operations, versions=("", "old", "new"), mix=mix))
    timetable.set_mix(0, mix)
    return timetable


def drain(timetable: Timetable) -> list[Arriving]:
    taken = []
    while timetable.next_ns != NEVER:
        taken.append(timetable.take())
    return taken


def test_arrivals_are_those_of_the_schedule_until_the_end() -> None:
    timetable = make({"old": 1})
    assert timetable.next_ns == NEVER
    timetable.begin(ORIGIN)
    timetable.end(ORIGIN + NS_PER_S)
    due = arrivals(1000, Arrival.POISSON, seed=3, from_ns=0, until_ns=NS_PER_S) + ORIGIN
    assert [arriving[0] for arriving in drain(timetable)] == due.tolist()


def test_the_end_may_be_set_before_the_next_arrival() -> None:
    timetable = make({"old": 1})
    timetable.begin(ORIGIN)
    timetable.end(ORIGIN)
    assert drain(timetable) == []


def test_a_mix_takes_effect_at_its_instant_and_moves_no_arrival() -> None:
    plain, mixed = make({"old": 1}), make({"old": 1})
    half = ORIGIN + NS_PER_S // 2
    mixed.set_mix(half, {"old": 1, "new": 1})
    mixed.set_mix(half + NS_PER_S // 4, {"new": 1})
    for timetable in (plain, mixed):
        timetable.begin(ORIGIN)
        timetable.end(ORIGIN + NS_PER_S)
    one, other = drain(plain), drain(mixed)
    assert [a[0] for a in one] == [a[0] for a in other]
    assert {a[1] for a in other if a[0] < half} == {0}
    assert {a[1] for a in other if half <= a[0] < half + NS_PER_S // 4} == {0, 1}
    assert {a[2] for a in other if a[0] >= half + NS_PER_S // 4} == {2}


def test_without_a_mix_nothing_can_be_chosen() -> None:
    timetable = Timetable(
        CourseSchedule(RateCourse(1000), Arrival.POISSON, seed=3), choosers=lambda _: pytest.fail("asked")
    )
    with pytest.raises(LookupError, match="no version mix"):
        timetable.begin(0)
