"""Traffic on a real server: every arrival has one record, stalls are seen in full, nothing hangs."""

import math
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from harness.events.operations import NO_ACTOR, Outcome
from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.postgres.connect import Connection, connect
from harness.rehearsal.traffic.process import TrafficLostError
from harness.spec.scenario import Arrival, OperationSpec, Protocol
from harness.spec.schedule import arrivals
from tests.postgres.traffic.conftest import Rig

pytestmark = [pytest.mark.postgres, pytest.mark.alone]


def hold_exclusive_lock(rig: Rig, seconds: float) -> tuple[int, int]:
    assert rig.plan is not None
    rig.conn.execute("BEGIN")
    rig.conn.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    locked_ns = rig.plan.clock.now_ns()
    time.sleep(seconds)
    released_ns = rig.plan.clock.now_ns()
    rig.conn.execute("COMMIT")
    return locked_ns, released_ns


def test_a_stall_of_one_second_is_seen_in_full(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=500, actors=16)
    began = traffic.begin()
    time.sleep(1.0)
    locked_ns, released_ns = hold_exclusive_lock(rig, 1.0)
    time.sleep(1.0)
    summary = traffic.stop(drain_ns=2 * NS_PER_S)
    records = rig.records()
    response = records["end_ns"] - records["due_ns"]
    assert np.percentile(response, 99) >= 900 * NS_PER_MS
    during = records[(records["due_ns"] > locked_ns) & (records["due_ns"] < released_ns)]
    assert abs(len(during) - 500) < 4 * math.sqrt(500)
    assert np.all(during["end_ns"] >= released_ns)
    queued = np.count_nonzero(during["checkout_ns"] >= released_ns)
    assert (
        len(during) - 16 <= queued <= len(during)
    )  # at most the 16 actors stood in the server's queue, the rest in ours
    assert (summary.failed, summary.abandoned, summary.pool_timeouts) == (0, 0, 0)
    assert summary.offered == summary.completed == len(records)
    assert began < records["due_ns"][0]


@pytest.mark.parametrize("arrival", [Arrival.POISSON, Arrival.UNIFORM])
@pytest.mark.parametrize("processes", [1, 2])
def test_every_scheduled_operation_has_one_record(
    rig: Rig, view: OperationSpec, arrival: Arrival, processes: int
) -> None:
    traffic = rig.start(view, rate=800, actors=6, arrival=arrival, seed=9, processes=processes)
    began = traffic.begin()
    stop_at = began + 2 * NS_PER_S
    time.sleep(1.5)
    summary = traffic.stop(drain_ns=2 * NS_PER_S, at_ns=stop_at)
    due = arrivals(800, arrival, seed=9, from_ns=0, until_ns=2 * NS_PER_S) + began
    records = rig.records()
    assert np.array_equal(records["due_ns"], due)
    assert summary.completed == len(due)
    assert summary.stopped_at_ns == stop_at
    assert np.all(records["checkout_ns"] >= records["due_ns"])
    assert np.all(records["start_ns"] >= records["checkout_ns"])
    assert np.all(records["end_ns"] > records["start_ns"])
    assert set(records["actor"]) <= set(range(6))
    if arrival is Arrival.UNIFORM:
        assert summary.completed / 2 == pytest.approx(800, rel=0.005)


def test_a_pool_that_is_exhausted_times_out(rig: Rig) -> None:
    sleepy = OperationSpec(name="sleepy", sql="SELECT pg_sleep(0.5)")
    traffic = rig.start(sleepy, rate=100, actors=2, pool_timeout="100ms", arrival=Arrival.UNIFORM)
    traffic.begin()
    time.sleep(1.0)
    assert traffic.progress.in_flight == 2
    summary = traffic.stop(drain_ns=2 * NS_PER_S)
    records = rig.records()
    timed_out = records[records["outcome"] == Outcome.POOL_TIMEOUT]
    assert summary.pool_timeouts == len(timed_out) > 80
    assert set(timed_out["sqlstate"]) == {b"POOLT"}
    assert set(timed_out["actor"]) == {NO_ACTOR}
    assert np.all(timed_out["checkout_ns"] == 0)
    waited = timed_out["end_ns"] - timed_out["due_ns"]
    assert np.all(waited >= 100 * NS_PER_MS)
    assert np.median(waited) < 200 * NS_PER_MS  # one moment without a processor delays several
    (error,) = summary.errors
    assert (error.operation, error.sqlstate) == (0, "POOLT")


def test_a_statement_timeout_is_an_error_with_its_sqlstate(rig: Rig) -> None:
    sleepy = OperationSpec(name="sleepy", sql=("SELECT 1", "SELECT pg_sleep(5)"))
    traffic = rig.start(sleepy, rate=10, actors=2, statement_timeout="50ms")
    traffic.begin()
    time.sleep(0.7)
    summary = traffic.stop(drain_ns=2 * NS_PER_S)
    records = rig.records()
    assert summary.failed == len(records) > 0
    assert set(records["sqlstate"]) == {b"57014"}
    assert set(records["statement"]) == {1}
    assert [(e.statement, e.sqlstate) for e in summary.errors] == [(1, "57014")]


def test_what_is_under_way_at_the_end_is_abandoned_and_cancelled(rig: Rig) -> None:
    sleepy = OperationSpec(name="sleepy", sql="SELECT pg_sleep(60)")
    traffic = rig.start(sleepy, rate=50, actors=2)
    traffic.begin()
    time.sleep(0.5)
    started = time.monotonic()
    summary = traffic.stop(drain_ns=200 * NS_PER_MS)
    assert time.monotonic() - started < 3
    assert summary.abandoned == summary.offered == len(rig.records()) > 2
    assert set(rig.records()["outcome"]) == {Outcome.ABANDONED}
    time.sleep(0.2)
    running = rig.conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
    )
    assert running.fetchone() == (0,)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_every_protocol_binds_the_same_values(rig: Rig, protocol: Protocol) -> None:
    note = 'it\'s \\ a :note $1 "x"'
    write = OperationSpec(
        name="write",
        sql="INSERT INTO items (order_id, place, note) VALUES (:id, (SELECT count(*) FROM items), :note)",
        params={"id": "sample(orders.id)", "note": f'choice("{note.replace(chr(34), chr(34) * 2)}")'},
    )
    traffic = rig.start(write, rate=20, actors=1, protocol=protocol)
    traffic.begin()
    time.sleep(0.5)
    summary = traffic.stop(drain_ns=10 * NS_PER_S)
    assert summary.completed == summary.offered > 0
    found = rig.conn.execute("SELECT note, count(*) FROM items GROUP BY 1").fetchall()
    assert found == [(note, summary.completed)]


def test_a_cached_plan_fails_once_per_actor_and_heals(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=200, actors=4)
    traffic.begin()
    time.sleep(0.5)
    rig.conn.execute("ALTER TABLE orders ADD COLUMN added text")
    time.sleep(0.7)
    summary = traffic.stop(drain_ns=NS_PER_S)
    records = rig.records()
    failed = records[records["outcome"] == Outcome.ERROR]
    assert set(failed["sqlstate"]) == {b"0A000"}
    assert sorted(failed["actor"]) == [0, 1, 2, 3]
    assert summary.completed == summary.offered - 4
    assert summary.errors[0].message == "cached plan must not change result type"


def test_the_version_mix_changes_operations_and_no_arrival(rig: Rig) -> None:
    old = OperationSpec(name="old", sql="SELECT 1", version="old")
    new = OperationSpec(name="new", sql="SELECT 2", version="new")
    traffic = rig.start(old, new, rate=400, actors=4, seed=5)
    began = traffic.begin()
    half = began + 600 * NS_PER_MS
    traffic.set_mix({"old": 0.5, "new": 0.5}, at_ns=half)
    summary = traffic.stop(drain_ns=NS_PER_S, at_ns=began + 1200 * NS_PER_MS)
    records = rig.records()
    before, after = records[records["due_ns"] < half], records[records["due_ns"] >= half]
    assert set(before["operation"]) == {0}
    assert np.mean(after["operation"]) == pytest.approx(0.5, abs=0.16)
    assert np.array_equal(after["version"], after["operation"] + 1)
    due = arrivals(400, Arrival.POISSON, seed=5, from_ns=0, until_ns=1200 * NS_PER_MS) + began
    assert np.array_equal(records["due_ns"], due)
    assert summary.failed == 0


def test_actors_are_known_to_the_server(rig: Rig, view: OperationSpec) -> None:
    rig.start(view, rate=10, actors=3)
    rows = rig.conn.execute(
        "SELECT application_name, pid FROM pg_stat_activity WHERE application_name LIKE 'rehearse/traffic%' ORDER BY 1"
    ).fetchall()
    assert rows == [(f"rehearse/traffic {b.actor}", b.pid) for b in rig.backends]
    assert len(rows) == 3


def test_a_killed_backend_is_an_error_and_its_actor_comes_back(rig: Rig) -> None:
    sleepy = OperationSpec(name="sleepy", sql="SELECT pg_sleep(0.05)")
    traffic = rig.start(sleepy, rate=40, actors=3)
    traffic.begin()
    time.sleep(0.5)
    rig.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/traffic%'"
    )
    time.sleep(1.0)
    again = traffic.reconnected()
    summary = traffic.stop(drain_ns=NS_PER_S)
    records = rig.records()
    failed = records[records["outcome"] == Outcome.ERROR]
    assert 1 <= len(failed) <= 3
    assert set(failed["sqlstate"]) == {b"57P01"}
    assert sorted(b.actor for b in again) == [0, 1, 2]
    assert {b.pid for b in again}.isdisjoint({b.pid for b in rig.backends})
    assert records["outcome"][-1] == Outcome.OK
    assert summary.offered == len(records)


def test_a_server_that_is_gone_hangs_nothing(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=100, actors=4, pool_timeout="300ms")
    traffic.begin()
    time.sleep(0.5)
    rig.server.stop(crash=True)
    try:
        time.sleep(1.0)
        started = time.monotonic()
        summary = traffic.stop(drain_ns=500 * NS_PER_MS)
        assert time.monotonic() - started < 5
    finally:
        rig.server.start()
    records = rig.records()
    assert summary.offered == len(records)
    assert summary.completed > 20
    assert summary.pool_timeouts > 20
    states = {state.decode()[:2] for state in set(records["sqlstate"])}
    assert states <= {"", "PO", "57", "08"}


def test_a_server_that_comes_back_gets_its_traffic_back(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=100, actors=4, pool_timeout="300ms")
    traffic.begin()
    time.sleep(0.3)
    rig.server.stop(crash=True)
    rig.server.start()
    time.sleep(2.5)
    summary = traffic.stop(drain_ns=NS_PER_S)
    assert np.all(rig.records()["outcome"][-20:] == Outcome.OK)
    assert summary.offered == len(rig.records())


def test_the_conductor_learns_of_a_dead_process(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=100, actors=2)
    traffic.begin()
    worker = traffic._workers[0][0]
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert not traffic.alive
    with pytest.raises(TrafficLostError, match="died"):
        traffic.stop(drain_ns=NS_PER_S)


def test_too_many_actors_for_the_server_is_told_at_the_start(rig: Rig, view: OperationSpec) -> None:
    with pytest.raises(SandboxError, match="too many clients"):
        rig.start(view, rate=1, actors=400)
    with connect(rig.server.conninfo(application_name="rehearse/harness")) as conn:
        # The process is gone at once; its backends notice one after the other.
        deadline = time.monotonic() + 10
        while (left := count_traffic(conn)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == 0


def count_traffic(conn: Connection) -> int:
    """Sessions of traffic that the server still has."""
    found = conn.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/traffic%'")
    row = found.fetchone()
    return int(row[0]) if row else 0


def test_sleeping_in_a_script_holds_the_actor_and_no_other(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "slow.sql").write_text("BEGIN;\nSELECT 1 AS one \\gset\n\\sleep 200 ms\nSELECT :one;\nEND;")
    slow = OperationSpec(name="slow", pgbench="slow.sql")
    traffic = rig.start(slow, rate=8, actors=4, arrival=Arrival.UNIFORM, path=tmp_path / "s.toml")
    traffic.begin()
    time.sleep(1.0)
    summary = traffic.stop(drain_ns=NS_PER_S)
    records = rig.records()
    service = records["end_ns"] - records["start_ns"]
    assert summary.completed == summary.offered > 5
    assert np.all((service > 200 * NS_PER_MS) & (service < 300 * NS_PER_MS))


def test_a_stalled_generator_is_measured(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=200, actors=4)
    traffic.begin()
    time.sleep(0.4)
    pid = traffic._workers[0][0].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.3, lambda: os.kill(pid, signal.SIGCONT)).start()
    time.sleep(0.8)
    summary = traffic.stop(drain_ns=NS_PER_S)
    assert summary.late > 0
    assert summary.lag_max_ns > 200 * NS_PER_MS


def test_a_frozen_server_hangs_nothing(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=100, actors=3, pool_timeout="200ms")
    traffic.begin()
    time.sleep(0.4)
    backends = [backend.pid for backend in rig.backends]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(0.6)
        started = time.monotonic()
        summary = traffic.stop(drain_ns=300 * NS_PER_MS)
        assert time.monotonic() - started < 3
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    records = rig.records()
    assert summary.offered == len(records)
    assert summary.abandoned >= 3
    assert summary.pool_timeouts > 10


def test_traffic_ends_by_itself_when_its_conductor_is_gone(rig: Rig, view: OperationSpec) -> None:
    traffic = rig.start(view, rate=100, actors=2)
    traffic.begin()
    time.sleep(0.3)
    worker, control, _ = traffic._workers[0]
    control.close()
    worker.join(timeout=5)
    assert worker.exitcode == 0
    assert len(rig.records()) > 10
