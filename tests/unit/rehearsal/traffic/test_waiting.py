"""The line for a connection: who is next, who gives up, who is turned away, how long it was."""

from collections.abc import Callable

from harness.model.units import NS_PER_S
from harness.rehearsal.traffic.pool import PoolLimits
from harness.rehearsal.traffic.session import ServerError
from harness.rehearsal.traffic.timetable import Arriving, Timetable
from harness.rehearsal.traffic.waiting import Waiting
from harness.spec.scenario import Arrival
from harness.spec.schedule import Chooser, CourseSchedule, RateCourse, Weighted

MS = NS_PER_S // 1000


class Turned:
    """Who left without a connection, when, and why."""

    def __init__(self) -> None:
        self.away: list[tuple[int, int, str]] = []

    def __call__(self, arriving: Arriving, now: int, error: ServerError) -> None:
        self.away.append((arriving[0], now, error.sqlstate))


def make(turned: Callable[[Arriving, int, ServerError], None], *, max_waiters: int = 0) -> tuple[Waiting, Timetable]:
    """An arrival each millisecond from 0 on, who gives up after 50."""
    schedule = CourseSchedule(RateCourse(1000), Arrival.UNIFORM, seed=1)
    operations = [Weighted(0, 1.0, "")]
    timetable = Timetable(schedule, choosers=lambda mix: Chooser(operations, versions=("",), mix=mix))
    timetable.set_mix(0, {})
    timetable.begin(0)
    return Waiting(timetable, PoolLimits(50 * MS, max_waiters), unserved=turned), timetable


def test_first_come_first_served_and_nobody_before_being_due() -> None:
    waiting, _ = make(Turned())
    assert [waiting.take(2 * MS), waiting.take(2 * MS), waiting.take(2 * MS)] == [(k * MS, 0, 0) for k in range(3)]
    assert waiting.take(2 * MS) is None
    assert waiting.next_ns(free=True) == 3 * MS
    assert waiting.next_ns(free=False) == 53 * MS


def test_who_has_waited_for_pool_timeout_leaves_before_the_next_is_served() -> None:
    turned = Turned()
    waiting, _ = make(turned)
    assert waiting.take(52 * MS) == (3 * MS, 0, 0)
    assert turned.away == [(0, 52 * MS, "POOLT"), (MS, 52 * MS, "POOLT"), (2 * MS, 52 * MS, "POOLT")]


def test_the_longest_line_is_counted_across_blocks() -> None:
    waiting, timetable = make(Turned())
    waiting.meet(2_999 * MS)
    assert (waiting.longest, waiting.count(2_999 * MS), timetable.taken) == (3_000, 3_000, 0)
    timetable.take()
    waiting.meet(2_999 * MS)
    assert (waiting.longest, waiting.count(2_999 * MS), timetable.taken) == (3_000, 2_999, 1)


def test_beyond_max_waiters_they_are_turned_away_when_they_come() -> None:
    turned = Turned()
    waiting, _ = make(turned, max_waiters=2)
    waiting.meet(3 * MS)
    assert turned.away == [(2 * MS, 3 * MS, "POOLF"), (3 * MS, 3 * MS, "POOLF")]
    assert (waiting.longest, waiting.count(3 * MS), waiting.next_ns(free=False)) == (2, 2, 4 * MS)
    assert waiting.take(3 * MS) == (0, 0, 0)


def test_at_the_end_all_who_are_due_leave() -> None:
    waiting, timetable = make(Turned())
    timetable.end(3 * MS)
    assert [due for due, _, _ in waiting.leave(NS_PER_S)] == [0, MS, 2 * MS]
    assert timetable.taken == 3
