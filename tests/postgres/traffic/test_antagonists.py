"""Antagonists hold what they say they hold, when they say it, and leave nothing behind."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.events.traffic import AntagonistActed
from harness.model.clock import RunClock
from harness.model.errors import SandboxError, SpecError
from harness.model.units import NS_PER_MS
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.traffic.antagonists.plan import plan_antagonists
from harness.rehearsal.traffic.antagonists.process import AntagonistProcess
from harness.spec.scenario import AntagonistSpec, TrafficSpec

pytestmark = pytest.mark.postgres

HELD = (
    "SELECT l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE a.application_name = %s AND l.relation = 'orders'::regclass AND l.granted ORDER BY 1"
)
STATE = "SELECT state, backend_xid IS NOT NULL FROM pg_stat_activity WHERE application_name = %s"
CLOCK = RunClock.start()


class Stage:
    """Starts antagonists and ends them whatever happens."""

    def __init__(self, server: Server, conn: Connection) -> None:
        self.server, self.conn = server, conn
        self.processes: list[AntagonistProcess] = []

    def start(self, **spec: Any) -> AntagonistProcess:
        antagonists = plan_antagonists(TrafficSpec(antagonist=(AntagonistSpec(**spec),)), path=Path("s.toml"))
        process = AntagonistProcess(
            antagonists, conninfo=self.server.conninfo(application_name="rehearse/antagonist"), clock=CLOCK
        )
        self.processes.append(process)
        process.start()
        return process

    def held(self, kind: str) -> list[str]:
        return [row[0] for row in self.conn.execute(HELD, [f"rehearse/antagonist {kind}"])]

    def state(self, kind: str) -> tuple[Any, ...] | None:
        return self.conn.execute(STATE, [f"rehearse/antagonist {kind}"]).fetchone()

    def sessions(self) -> int:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/antagonist%'"
        for _ in range(50):
            (count,) = self.conn.execute(query).fetchone() or (0,)
            if count == 0:
                break
            time.sleep(0.05)
        return int(count)


@pytest.fixture
def stage(module_server: Server, shop: Connection) -> Iterator[Stage]:
    stage = Stage(module_server, shop)
    yield stage
    for process in stage.processes:
        process.kill()


def act(process: AntagonistProcess) -> tuple[AntagonistActed, ...]:
    process.begin(at_ns=CLOCK.now_ns())
    time.sleep(0.5)
    return ()


def test_a_long_reader_holds_its_lock_and_snapshot(stage: Stage) -> None:
    process = stage.start(kind="long_reader", table="orders", hold="10s", every="60s")
    assert stage.held("long_reader") == []
    act(process)
    assert stage.held("long_reader") == ["AccessShareLock"]
    assert stage.state("long_reader") == ("idle in transaction", False)
    (action,) = process.stop()
    assert (action.kind, action.table, action.sqlstate) == ("long_reader", "orders", "")
    assert 400 * NS_PER_MS < action.end_ns - action.start_ns < 3_000 * NS_PER_MS
    assert stage.sessions() == 0


def test_an_idle_transaction_has_written_a_row(stage: Stage) -> None:
    process = stage.start(kind="idle_in_transaction", table="public.orders", hold="10s")
    act(process)
    assert stage.held("idle_in_transaction") == ["RowExclusiveLock", "RowShareLock"]
    assert stage.state("idle_in_transaction") == ("idle in transaction", True)
    locked = stage.conn.execute("SELECT count(*) FROM orders").fetchone()
    free = stage.conn.execute("SELECT id FROM orders FOR UPDATE SKIP LOCKED").fetchall()
    assert locked is not None
    assert len(free) == locked[0] - 1
    process.stop()


def test_it_acts_every_so_often_and_for_as_long_as_asked(stage: Stage) -> None:
    process = stage.start(kind="long_reader", table="orders", start="100ms", hold="100ms", every="300ms")
    began = CLOCK.now_ns()
    process.begin(at_ns=began)
    time.sleep(1.2)
    actions = process.stop()
    assert len(actions) >= 3
    for number, action in enumerate(actions[:3]):
        assert action.start_ns - began == pytest.approx((100 + 300 * number) * NS_PER_MS, abs=80 * NS_PER_MS)
        assert action.end_ns - action.start_ns == pytest.approx(100 * NS_PER_MS, abs=80 * NS_PER_MS)


def test_one_can_be_placed_across_the_start_of_the_migration(stage: Stage) -> None:
    process = stage.start(kind="long_reader", table="orders", hold="800ms", before_migration="300ms")
    assert process.lead_ns == 300 * NS_PER_MS
    process.begin(at_ns=CLOCK.now_ns())
    time.sleep(0.2)
    assert stage.held("long_reader") == []
    migration = CLOCK.now_ns() + 500 * NS_PER_MS
    process.announce_migration(at_ns=migration)
    CLOCK.sleep_until(migration)
    assert stage.held("long_reader") == ["AccessShareLock"]
    time.sleep(0.8)
    (action,) = process.stop()
    assert migration - action.start_ns == pytest.approx(300 * NS_PER_MS, abs=80 * NS_PER_MS)


def test_a_bulk_writer_rewrites_rows_in_one_transaction(stage: Stage) -> None:
    process = stage.start(kind="bulk_writer", table="orders", hold="10s")
    act(process)
    assert "RowExclusiveLock" in stage.held("bulk_writer")
    (action,) = process.stop()
    assert action.sqlstate in ("", "57014")


def test_vacuum_runs_again_and_again(stage: Stage) -> None:
    process = stage.start(kind="vacuum", table="orders", hold="10s")
    act(process)
    time.sleep(0.5)
    process.stop()
    counted = stage.conn.execute("SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'orders'").fetchone()
    assert counted is not None
    assert counted[0] > 1


def test_any_sql_and_its_open_transaction(stage: Stage) -> None:
    process = stage.start(kind="sql", sql="BEGIN; LOCK TABLE orders IN SHARE MODE", hold="10s")
    act(process)
    assert stage.held("sql") == ["ShareLock"]
    process.stop()
    assert stage.held("sql") == []


def test_an_error_is_reported_with_its_sqlstate_and_the_next_act_comes(stage: Stage) -> None:
    process = stage.start(kind="sql", sql="SELECT 1 / 0", every="100ms", hold="0s")
    act(process)
    actions = process.stop()
    assert len(actions) >= 2
    assert {action.sqlstate for action in actions} == {"22012"}


def test_one_that_waits_for_a_lock_leaves_when_told(stage: Stage) -> None:
    process = stage.start(kind="idle_in_transaction", table="orders", hold="60s")
    stage.conn.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    act(process)
    started = time.monotonic()
    (action,) = process.stop()
    assert time.monotonic() - started < 4
    stage.conn.execute("ROLLBACK")
    assert action.sqlstate == "57014"


def test_bad_plans_and_a_server_that_refuses(stage: Stage) -> None:
    with pytest.raises(SpecError, match="did you mean long_reader"):
        stage.start(kind="long_readr", table="orders")
    with pytest.raises(SpecError, match="needs `table`"):
        stage.start(kind="vacuum")
    with pytest.raises(SpecError, match="needs `sql`"):
        stage.start(kind="sql")
    antagonists = plan_antagonists(
        TrafficSpec(antagonist=(AntagonistSpec(kind="long_reader", table="orders"),)), path=Path("s.toml")
    )
    with pytest.raises(SandboxError, match="cannot start"):
        AntagonistProcess(antagonists, conninfo="host=127.0.0.1 port=1 password=hunter2", clock=CLOCK).start()
