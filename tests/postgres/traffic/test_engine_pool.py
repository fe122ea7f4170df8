"""The pool: those who may wait, connections lent per transaction, new connections and what they cost."""

import time

import numpy as np
import pytest

from harness.events.operations import Outcome
from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.rehearsal.traffic.process import TrafficSummary
from harness.spec.scenario import Arrival, OperationSpec, Pooling
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres
SLEEPY = OperationSpec(name="sleepy", sql="SELECT pg_sleep(0.5)")
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^rehearse/traffic'"


def run(rig: Rig, *operations: OperationSpec, seconds: float, drain: float = 2.0, **traffic: object) -> TrafficSummary:
    process = rig.start(*operations, **traffic)  # type: ignore[arg-type]
    process.begin()
    time.sleep(seconds)
    return process.stop(drain_ns=int(drain * NS_PER_S))


def test_one_more_than_may_wait_fails_at_once(rig: Rig) -> None:
    summary = run(rig, SLEEPY, seconds=1, rate=100, actors=2, max_waiters=5, arrival=Arrival.UNIFORM)
    records = rig.records()
    refused = records[records["sqlstate"] == b"POOLF"]
    assert set(refused["outcome"]) == {Outcome.POOL_TIMEOUT}
    assert len(refused) > 50
    # At once: no later than the process is late itself, while those that wait do so for half a second.
    assert np.median(refused["end_ns"] - refused["due_ns"]) < 100 * NS_PER_MS
    assert summary.longest_queue == 5
    assert summary.offered == len(records)
    assert {error.sqlstate for error in summary.errors} == {"POOLF"}


def test_settings_are_those_of_the_application(rig: Rig) -> None:
    wanted = {"lock_timeout": "1234ms", "search_path": "public, pg_temp", "enable_seqscan": "off"}
    terms = " AND ".join(f"current_setting('{name}') = '{value}'" for name, value in wanted.items())
    check = OperationSpec(name="check", sql=f"SELECT 1 / ({terms})::int")
    settings = {**wanted, "enable_seqscan": False}
    summary = run(rig, check, seconds=0.3, rate=20, actors=1, settings=settings)
    assert summary.completed == summary.offered > 0


def test_a_setting_that_is_none_is_told_at_the_start(rig: Rig) -> None:
    with pytest.raises(SandboxError, match="lock_timeot"):
        rig.start(SLEEPY, rate=1, actors=1, settings={"lock_timeot": "1s"})


def test_transactions_share_server_connections(rig: Rig) -> None:
    """Each statement of a script outside of a transaction may get another connection; prepared there as needed."""
    (rig.folder / "parts.sql").write_text(
        "SELECT pg_backend_pid() AS one \\gset\n\\sleep 20 ms\nBEGIN;\nSELECT pg_backend_pid() AS two \\gset\n"
        "\\sleep 5 ms\nINSERT INTO items VALUES (:two, (random() * 2e9)::int, pg_backend_pid()::text);\nEND;\n"
    )
    parts = OperationSpec(name="parts", pgbench="parts.sql")
    summary = run(
        rig,
        parts,
        seconds=1.5,
        rate=100,
        actors=12,
        pooling=Pooling.TRANSACTION,
        server_connections=3,
        path=rig.folder / "s.toml",
    )
    records = rig.records()
    assert summary.completed == summary.offered == len(records) > 50
    assert len(rig.backends) == 3
    assert set(records["actor"]) == {0, 1, 2}
    # Within its transaction every operation kept its connection, and thinking outside of one did not hold any: twelve
    # operations at once would otherwise be three.
    moved = rig.conn.execute("SELECT count(*) FROM items WHERE order_id::text <> note").fetchone()
    assert moved == (0,)
    starts, ends = np.sort(records["start_ns"]), np.sort(records["end_ns"])
    at_once = np.searchsorted(starts, starts, side="right") - np.searchsorted(ends, starts)
    assert at_once.max() > 3


def test_waiting_for_a_server_connection_is_pool_wait(rig: Rig) -> None:
    summary = run(
        rig,
        SLEEPY,
        seconds=1,
        rate=20,
        actors=8,
        arrival=Arrival.UNIFORM,
        pool_timeout="700ms",
        pooling=Pooling.TRANSACTION,
        server_connections=2,
    )
    records = rig.records()
    assert summary.offered == len(records)
    done = records[records["outcome"] == Outcome.OK]
    assert np.all(done["checkout_ns"] >= done["due_ns"])
    assert np.count_nonzero(done["checkout_ns"] - done["due_ns"] > 200 * NS_PER_MS) > 0
    gave_up = records[records["outcome"] == Outcome.POOL_TIMEOUT]
    assert len(gave_up) == summary.pool_timeouts > 0
    assert np.all(gave_up["end_ns"] - gave_up["due_ns"] >= 700 * NS_PER_MS)


@pytest.mark.parametrize("pooling", list(Pooling))
def test_lost_connections_come_back_at_their_cost(rig: Rig, view: OperationSpec, pooling: Pooling) -> None:
    process = rig.start(view, rate=100, actors=3, pooling=pooling, connect_cost="200ms")
    process.begin()
    time.sleep(0.4)
    rig.conn.execute(KILL)
    time.sleep(1.2)
    again = process.reconnected()
    summary = process.stop(drain_ns=2 * NS_PER_S)
    assert sorted(backend.actor for backend in again) == [0, 1, 2]
    assert summary.reconnects == 3
    assert summary.connect_p99_ns >= 200 * NS_PER_MS
    assert summary.offered == len(rig.records())
    assert rig.records()["outcome"][-1] == Outcome.OK
    assert summary.failed <= 3


def test_nothing_hangs_where_every_connection_is_stuck(rig: Rig, view: OperationSpec) -> None:
    process = rig.start(
        view, rate=200, actors=4, pooling=Pooling.TRANSACTION, server_connections=2, pool_timeout="200ms"
    )
    process.begin()
    time.sleep(0.3)
    rig.conn.execute("BEGIN")
    rig.conn.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    time.sleep(0.8)
    before = time.monotonic()
    summary = process.stop(drain_ns=200 * NS_PER_MS)
    assert time.monotonic() - before < 5
    rig.conn.execute("ROLLBACK")
    records = rig.records()
    assert summary.offered == len(records)
    assert summary.pool_timeouts > 50
    assert summary.abandoned >= 2
