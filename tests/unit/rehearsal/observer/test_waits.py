"""Waits from log entries, entry by entry."""

from typing import Any

import pytest

from harness.model.units import NS_PER_MS
from harness.postgres.log_lines import LogLine
from harness.rehearsal.observer.waits import Wait, WaitTracker

ORDERS = "relation 16384 of database 5"
T0 = 1_800_000_000_000 * NS_PER_MS
HALF = NS_PER_MS // 2


def line(ms: int, message: str, *, pid: int = 7, **fields: Any) -> LogLine:
    defaults: dict[str, Any] = {"severity": "LOG", "session": f"s{pid}", "backend_type": "client backend"}
    return LogLine(wall_ns=T0 + ms * NS_PER_MS, pid=pid, message=message, **{**defaults, **fields})


def waiting(ms: int, after: str = "10.000", *, pid: int = 7, on: str = ORDERS, **fields: Any) -> LogLine:
    detail = f"Processes holding the lock: 3, 4. Wait queue: 5, {pid}."
    message = f"process {pid} still waiting for AccessExclusiveLock on {on} after {after} ms"
    return line(ms, message, pid=pid, detail=detail, **fields)


def acquired(ms: int, after: str, *, pid: int = 7, on: str = ORDERS) -> LogLine:
    return line(ms, f"process {pid} acquired AccessExclusiveLock on {on} after {after} ms", pid=pid)


def waits_of(*lines: LogLine) -> list[Wait]:
    tracker = WaitTracker()
    return [wait for entry in lines for wait in tracker.observe(entry)] + tracker.finish(wall_ns=T0 + 9999 * NS_PER_MS)


def test_an_acquired_wait_has_the_servers_own_length() -> None:
    (wait,) = waits_of(waiting(10), acquired(1507, "1507.123"))
    assert wait.waited_ns == 1_507_123_000
    assert wait.start_ns == T0 - 123_000 + HALF
    assert wait.end_ns - wait.start_ns == wait.waited_ns
    assert (wait.outcome, wait.exact) == ("acquired", True)
    assert (wait.holders, wait.queue) == ((3, 4), (5, 7))


def test_entries_written_late_do_not_move_the_start() -> None:
    (wait,) = waits_of(waiting(40), acquired(500, "500.000"))
    assert wait.start_ns == T0 + HALF


@pytest.mark.parametrize(
    ("severity", "sqlstate", "outcome"),
    [
        ("ERROR", "55P03", "cancelled"),
        ("ERROR", "57014", "cancelled"),
        ("ERROR", "40P01", "deadlock"),
        ("FATAL", "57P01", "cancelled"),
        ("WARNING", "57P02", "cancelled"),
    ],
)
def test_an_error_of_the_waiter_ends_its_wait(severity: str, sqlstate: str, outcome: str) -> None:
    (wait,) = waits_of(waiting(10), line(200, "any", severity=severity, sqlstate=sqlstate))
    assert wait.outcome == outcome
    assert abs(wait.waited_ns - 200 * NS_PER_MS) <= wait.error_ns


def test_an_error_of_somebody_else_ends_nothing() -> None:
    (wait,) = waits_of(waiting(10), line(200, "any", pid=8, severity="ERROR", sqlstate="55P03"))
    assert wait.outcome == "waiting"
    assert wait.end_ns == T0 + 9999 * NS_PER_MS


def test_a_detected_deadlock_ends_the_wait_and_its_error_ends_nothing_more() -> None:
    detected = line(11, f"process 7 detected deadlock while waiting for ShareLock on {ORDERS} after 10.500 ms")
    (wait,) = waits_of(detected, line(11, "deadlock detected", severity="ERROR", sqlstate="40P01"))
    assert (wait.outcome, wait.waited_ns) == ("deadlock", 10_500_000)


def test_an_avoided_deadlock_goes_on_waiting() -> None:
    avoided = (
        f"process 7 avoided deadlock for AccessExclusiveLock on {ORDERS} by rearranging queue order after 10.100 ms"
    )
    (wait,) = waits_of(line(10, avoided), acquired(60, "60.000"))
    assert (wait.outcome, wait.waited_ns) == ("acquired", 60_000_000)


def test_two_waits_for_the_same_lock_with_a_caught_timeout_between() -> None:
    first, second = waits_of(waiting(10), waiting(330, "10.100"), acquired(400, "80.100"))
    assert (first.outcome, second.outcome) == ("cancelled", "acquired")
    assert first.end_ns - first.error_ns >= T0
    assert first.end_ns + first.error_ns >= T0 + 319 * NS_PER_MS
    assert second.waited_ns == 80_100_000


def test_a_wait_told_twice_is_one() -> None:
    (wait,) = waits_of(waiting(10), waiting(500, "500.000"), acquired(900, "900.000"))
    assert wait.waited_ns == 900 * NS_PER_MS


def test_a_crash_ends_every_wait() -> None:
    crash = line(300, "starting PostgreSQL 18.4 on x86_64", pid=1, backend_type="postmaster")
    waits = waits_of(waiting(10), waiting(20, pid=8), crash)
    assert {(wait.pid, wait.outcome) for wait in waits} == {(7, "cancelled"), (8, "cancelled")}


def test_a_new_backend_with_an_old_pid_ends_the_old_ones_wait() -> None:
    (wait,) = waits_of(waiting(10), line(100, "anything", session="another"))
    assert wait.outcome == "cancelled"


def test_what_pg_locks_no_longer_shows_is_over() -> None:
    tracker = WaitTracker()
    assert tracker.observe(waiting(10)) == []
    wait = tracker.gave_up(7, last_seen_ns=T0 + 300 * NS_PER_MS, error_ns=20 * NS_PER_MS)
    assert wait is not None
    assert (wait.outcome, wait.end_ns) == ("cancelled", T0 + 300 * NS_PER_MS)
    assert tracker.gave_up(7, last_seen_ns=T0, error_ns=1) is None
    assert tracker.open == ()


def test_a_row_wait_names_its_relation() -> None:
    context = 'while updating tuple (0,1) in relation "orders"\nSQL statement "UPDATE orders"'
    (wait,) = waits_of(waiting(10, on="transaction 754", context=context))
    assert (wait.target.kind, wait.row_relation) == ("transactionid", "orders")
