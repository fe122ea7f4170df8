"""Antagonists hold what they say they hold, when they say it, and leave nothing behind."""

import time
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from harness.model.clock import RunClock
from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS
from harness.rehearsal.traffic.antagonists.instants import instants
from harness.rehearsal.traffic.antagonists.plan import plan_antagonists
from harness.rehearsal.traffic.antagonists.process import AntagonistProcess
from harness.spec.scenario import AntagonistSpec, Placement, TrafficSpec

pytestmark = pytest.mark.postgres


def act(stage: Any, process: AntagonistProcess) -> None:
    process.begin(at_ns=stage.clock.now_ns())
    time.sleep(0.5)


def test_a_long_reader_holds_its_lock_and_snapshot(stage: Any) -> None:
    process = stage.start(kind="long_reader", table="orders", hold="10s", every="60s")
    assert stage.held("long_reader") == []
    act(stage, process)
    assert stage.held("long_reader") == ["AccessShareLock"]
    assert stage.state("long_reader") == ("idle in transaction", False)
    (action,) = process.stop()
    assert (action.kind, action.table, action.sqlstate) == ("long_reader", "orders", "")
    assert 400 * NS_PER_MS < action.end_ns - action.start_ns < 3_000 * NS_PER_MS
    assert stage.sessions() == 0


def test_an_idle_transaction_has_written_a_row(stage: Any) -> None:
    process = stage.start(kind="idle_in_transaction", table="public.orders", hold="10s")
    act(stage, process)
    assert stage.held("idle_in_transaction") == ["RowExclusiveLock", "RowShareLock"]
    assert stage.state("idle_in_transaction") == ("idle in transaction", True)
    locked = stage.conn.execute("SELECT count(*) FROM orders").fetchone()
    free = stage.conn.execute("SELECT id FROM orders FOR UPDATE SKIP LOCKED").fetchall()
    assert locked is not None
    assert len(free) == locked[0] - 1
    process.stop()


def test_it_acts_every_so_often_and_for_as_long_as_asked(stage: Any) -> None:
    process = stage.start(kind="long_reader", table="orders", start="100ms", hold="100ms", every="300ms")
    began = stage.clock.now_ns()
    process.begin(at_ns=began)
    time.sleep(1.2)
    actions = process.stop()
    assert len(actions) >= 3
    for number, action in enumerate(actions[:3]):
        assert action.start_ns - began == pytest.approx((100 + 300 * number) * NS_PER_MS, abs=250 * NS_PER_MS)
        assert action.end_ns - action.start_ns == pytest.approx(100 * NS_PER_MS, abs=250 * NS_PER_MS)


def test_one_can_be_placed_across_the_start_of_the_migration(stage: Any) -> None:
    process = stage.start(kind="long_reader", table="orders", hold="800ms", before_migration="300ms")
    assert process.lead_ns == 300 * NS_PER_MS
    process.begin(at_ns=stage.clock.now_ns())
    time.sleep(0.2)
    assert stage.held("long_reader") == []
    migration = stage.clock.now_ns() + 500 * NS_PER_MS
    process.announce_migration(at_ns=migration)
    stage.clock.sleep_until(migration)
    assert stage.held("long_reader") == ["AccessShareLock"]
    time.sleep(0.8)
    (action,) = process.stop()
    assert migration - action.start_ns == pytest.approx(300 * NS_PER_MS, abs=250 * NS_PER_MS)


def test_any_sql_and_its_open_transaction(stage: Any) -> None:
    process = stage.start(kind="sql", sql="BEGIN; LOCK TABLE orders IN SHARE MODE", hold="10s")
    act(stage, process)
    assert stage.held("sql") == ["ShareLock"]
    process.stop()
    assert stage.held("sql") == []


def test_an_error_is_reported_with_its_sqlstate_and_the_next_act_comes(stage: Any) -> None:
    process = stage.start(kind="sql", sql="SELECT 1 / 0", every="100ms", hold="0s")
    act(stage, process)
    actions = process.stop()
    assert len(actions) >= 2
    assert {action.sqlstate for action in actions} == {"22012"}


def test_one_that_waits_for_a_lock_leaves_when_told(stage: Any) -> None:
    process = stage.start(kind="idle_in_transaction", table="orders", hold="60s")
    stage.conn.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    act(stage, process)
    started = time.monotonic()
    (action,) = process.stop()
    assert time.monotonic() - started < 4
    stage.conn.execute("ROLLBACK")
    assert action.sqlstate == "57014"


def test_a_server_that_refuses_is_told_without_credentials() -> None:
    antagonists = plan_antagonists(
        TrafficSpec(antagonist=(AntagonistSpec(kind="long_reader", table="orders"),)), path=Path("s.toml")
    )
    clock = RunClock.start()
    with pytest.raises(SandboxError, match="cannot start") as caught:
        AntagonistProcess(antagonists, conninfo="host=127.0.0.1 port=1 password=hunter2", clock=clock).start()
    assert "hunter2" not in str(caught.value)


def test_a_table_that_cannot_wrap_around_is_told_before_anything_begins(stage: Any) -> None:
    stage.conn.execute("DROP TABLE IF EXISTS parted; CREATE TABLE parted (id int) PARTITION BY RANGE (id)")
    with pytest.raises(SandboxError, match="no storage of its own"):
        stage.start(kind="wraparound_vacuum", table="parted")


def test_random_acts_come_at_the_instants_of_the_seed(stage: Any) -> None:
    spec: dict[str, Any] = {
        "kind": "long_reader",
        "table": "orders",
        "placement": Placement.RANDOM,
        "every": "150ms",
        "hold": "0s",
    }
    process = stage.start(**spec)
    began = stage.clock.now_ns()
    process.begin(at_ns=began)
    time.sleep(1.5)
    acts = process.stop()
    (planned,) = plan_antagonists(TrafficSpec(antagonist=(AntagonistSpec(**spec),)), path=Path("s.toml"))
    due = list(takewhile(lambda at_ns: at_ns < acts[-1].start_ns, instants(planned, began_ns=began)))
    assert {act.placement for act in acts} == {"random"}
    assert acts
    for act in acts:
        assert any(0 <= act.start_ns - at_ns < 250 * NS_PER_MS for at_ns in due)
