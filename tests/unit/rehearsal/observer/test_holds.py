"""Holds from polls: what is told always contains the truth within its error."""

from hypothesis import given
from hypothesis import strategies as st

from harness.rehearsal.observer.holds import HoldKey, HoldTracker

KEY = HoldKey(pid=7, oid=16384, mode="AccessExclusiveLock", transaction="3/12")


def test_a_hold_seen_once_has_a_length_and_an_error() -> None:
    tracker = HoldTracker()
    tracker.poll([], asked_ns=0, answered_ns=1)
    tracker.poll([KEY], asked_ns=20, answered_ns=21)
    (hold,) = tracker.poll([], asked_ns=40, answered_ns=41)
    assert (hold.start_ns, hold.end_ns, hold.error_ns, hold.sightings) == (10, 30, 11, 1)


def test_another_transaction_is_another_hold() -> None:
    tracker = HoldTracker()
    tracker.poll([KEY], asked_ns=0, answered_ns=1)
    later = HoldKey(pid=7, oid=16384, mode="AccessExclusiveLock", transaction="3/13")
    assert [hold.key for hold in tracker.poll([later], asked_ns=20, answered_ns=21)] == [KEY]
    assert tracker.open == {later}


def test_what_nothing_ended_lasts_to_the_end() -> None:
    tracker = HoldTracker()
    tracker.poll([KEY], asked_ns=0, answered_ns=1)
    tracker.poll([KEY], asked_ns=20, answered_ns=21)
    (hold,) = tracker.finish(at_ns=30)
    assert (hold.start_ns, hold.end_ns, hold.sightings) == (0, 25, 2)
    assert tracker.open == frozenset()


@given(
    gaps=st.lists(st.integers(2, 50), min_size=5, max_size=40),
    start=st.integers(0, 300),
    length=st.integers(60, 400),
)
def test_the_truth_lies_within_the_error(gaps: list[int], start: int, length: int) -> None:
    tracker = HoldTracker()
    now, told = 0, []
    for gap in [*gaps, *[50] * 20]:
        asked, answered = now, now + gap // 2
        looked = now + gap // 4
        seen = [KEY] if start <= looked < start + length else []
        told += tracker.poll(seen, asked_ns=asked, answered_ns=answered)
        now += gap
    (hold,) = told
    # One that began before the first poll began at the first poll, as far as anybody can tell.
    assert abs(hold.start_ns - start) <= hold.error_ns or start <= gaps[0] // 4
    assert abs(hold.end_ns - (start + length)) <= hold.error_ns
    assert hold.end_ns > hold.start_ns
