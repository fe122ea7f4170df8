"""Each kind of antagonist: what it holds, whom it blocks for how long, and that it puts everything back."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.model.units import NS_PER_S
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server

pytestmark = pytest.mark.postgres

ADD_COLUMN = "ALTER TABLE orders ADD COLUMN more int"
OPTIONS = "SELECT coalesce(reloptions, '{}') FROM pg_class WHERE oid = 'orders'::regclass"
WORKER = (
    "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.backend_type = 'autovacuum worker'"
    " AND l.relation = 'orders'::regclass AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'"
)


def blocks_for_its_time(stage: Any, process: Any, statement: str, *, hold_s: float) -> Any:
    """`statement` waits for the antagonist and for nobody else, until its time is over; what the antagonist did."""
    waiter = stage.waiter(statement)
    stage.blockers(waiter)
    time.sleep(0.2)  # whom it met for a moment only, is gone
    _, pids = stage.blockers(waiter)
    waiter.done()
    (acted,) = process.stop()
    assert (waiter.sqlstate, acted.sqlstate) == ("", "")
    assert pids == [acted.pid]
    assert acted.start_ns <= acted.in_place_ns <= acted.end_ns
    assert acted.end_ns - acted.in_place_ns > (hold_s - 0.1) * NS_PER_S
    assert waiter.took_s > 0.5 * hold_s
    assert stage.sessions() == 0
    return acted


def test_a_long_reader_blocks_ddl_and_nothing_else(stage: Any) -> None:
    process = stage.begin(kind="long_reader", table="orders", hold="1s")
    stage.until(lambda: stage.held("long_reader") == ["AccessShareLock"])
    stage.conn.execute("UPDATE orders SET n = n + 1 WHERE id = 1")
    blocks_for_its_time(stage, process, ADD_COLUMN, hold_s=1)


def test_a_bulk_writer_writes_rows_in_one_transaction(stage: Any) -> None:
    process = stage.begin(kind="bulk_writer", table="orders", hold="1s", rows=20)
    stage.until(lambda: "RowExclusiveLock" in stage.held("bulk_writer"))
    blocks_for_its_time(stage, process, "CREATE INDEX ON orders (n)", hold_s=1)
    assert len(stage.conn.execute("SELECT xmin FROM orders GROUP BY xmin").fetchall()) <= 2


@pytest.mark.parametrize("table", ["orders", "items"])
def test_a_batch_job_goes_through_the_table_and_commits_each_batch(stage: Any, table: str) -> None:
    stage.conn.execute("INSERT INTO items SELECT id, place, 'note' FROM orders, generate_series(1, 2) place")
    content = f"SELECT md5(string_agg(t::text, ',' ORDER BY t)) FROM {table} t"
    before = stage.conn.execute(content).fetchone()
    stage.conn.execute("BEGIN")
    locked = stage.conn.execute(f"SELECT xmin FROM {table} LIMIT 5 FOR UPDATE").fetchall()
    process = stage.begin(kind="batch", table=table, hold="20s", rows=50)
    larger = f"SELECT FROM {table} GROUP BY xmin HAVING count(*) > 50"
    stage.until(lambda: stage.conn.execute(larger).fetchall() == [])
    still = stage.conn.execute(f"SELECT xmin FROM {table} WHERE xmin = %s", locked[0]).fetchall()
    assert still == locked
    stage.conn.execute("ROLLBACK")
    (acted,) = process.stop()
    assert acted.sqlstate in ("", "57014")
    assert stage.conn.execute(content).fetchone() == before


def test_a_batch_job_locks_rows_while_it_works(stage: Any) -> None:
    stage.begin(kind="batch", table="orders", hold="20s", rows=1000)
    free = "SELECT count(*) FROM (SELECT FROM orders FOR UPDATE SKIP LOCKED) AS free"
    whole = stage.conn.execute("SELECT count(*) FROM orders").fetchone()
    stage.until(lambda: stage.conn.execute(free).fetchone() < whole)


@pytest.mark.parametrize("kind", ["vacuum", "analyze"])
def test_maintenance_holds_its_lock_for_its_time(stage: Any, kind: str) -> None:
    process = stage.begin(kind=kind, table="orders", hold="1500ms")
    stage.until(lambda: stage.held(kind) == ["ShareUpdateExclusiveLock"])
    stage.conn.execute("UPDATE orders SET n = n + 1 WHERE id = 1")
    blocks_for_its_time(stage, process, "CREATE INDEX CONCURRENTLY ON orders (n)", hold_s=1.5)


def test_maintenance_of_the_whole_database_needs_no_table(stage: Any) -> None:
    process = stage.begin(kind="analyze", hold="300ms")
    time.sleep(1)
    (acted,) = process.stop()
    assert acted.sqlstate == ""
    assert acted.in_place_ns > 0


def test_a_vacuum_against_wraparound_does_not_make_way(stage: Any) -> None:
    stage.conn.execute("VACUUM (FREEZE) orders")
    stage.conn.execute("ALTER TABLE orders SET (autovacuum_vacuum_cost_limit = 77, fillfactor = 90)")
    naptime = stage.conn.execute("SHOW autovacuum_naptime").fetchone()
    process = stage.begin(kind="wraparound_vacuum", table="orders", hold="2s")
    (worker,) = stage.until(lambda: stage.conn.execute(WORKER).fetchone())
    acted = blocks_for_its_time(stage, process, ADD_COLUMN, hold_s=2)
    assert acted.pid == worker
    assert acted.detail == "an autovacuum worker, to prevent wraparound"
    assert sorted(stage.conn.execute(OPTIONS).fetchone()[0]) == ["autovacuum_vacuum_cost_limit=77", "fillfactor=90"]
    stage.until(lambda: stage.conn.execute("SHOW autovacuum_naptime").fetchone() == naptime)


def test_a_plain_autovacuum_makes_way(stage: Any) -> None:
    stage.conn.execute(
        "ALTER TABLE orders SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,"
        " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
    )
    stage.conn.execute("UPDATE orders SET n = n + 1")
    stage.conn.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
    stage.conn.execute("SELECT pg_reload_conf()")
    try:
        stage.until(lambda: stage.conn.execute(WORKER).fetchone())
        assert stage.waiter(ADD_COLUMN).done().took_s < 2
    finally:
        stage.conn.execute("ALTER SYSTEM RESET autovacuum_naptime")
        stage.conn.execute("SELECT pg_reload_conf()")


def test_where_no_autovacuum_runs_a_manual_freeze_stands_in(stage: Any) -> None:
    stage.conn.execute("ALTER SYSTEM SET autovacuum = off")
    stage.conn.execute("SELECT pg_reload_conf()")
    stage.until(lambda: stage.conn.execute("SHOW autovacuum").fetchone() == ("off",))
    try:
        process = stage.begin(kind="wraparound_vacuum", table="orders", hold="1s")
        stage.until(lambda: stage.held("wraparound_vacuum") == ["ShareUpdateExclusiveLock"])
        acted = blocks_for_its_time(stage, process, ADD_COLUMN, hold_s=1)
        assert acted.detail.startswith("VACUUM (FREEZE) by hand stood in")
    finally:
        stage.conn.execute("ALTER SYSTEM RESET autovacuum")
        stage.conn.execute("SELECT pg_reload_conf()")


def test_a_held_snapshot_makes_concurrently_wait_and_locks_no_table(stage: Any) -> None:
    process = stage.begin(kind="held_snapshot", hold="1500ms")
    stage.until(lambda: stage.state("held_snapshot") == ("idle in transaction", False))
    assert stage.held("held_snapshot") == []
    stage.conn.execute(ADD_COLUMN)
    acted = blocks_for_its_time(stage, process, "CREATE INDEX CONCURRENTLY ON orders (n)", hold_s=1.5)
    assert "wal_level is not logical" in acted.detail


def test_a_held_snapshot_is_a_logical_slots_where_one_can_be_made(
    empty_server: Server, make_stage: Callable[[Server, Connection], Any]
) -> None:
    with connect(empty_server.conninfo(application_name="rehearse/harness")) as conn:
        conn.execute("ALTER SYSTEM SET wal_level = logical")
    empty_server.stop()
    empty_server.start()
    with connect(empty_server.conninfo(application_name="rehearse/harness")) as conn:
        conn.execute("CREATE TABLE orders (id bigint PRIMARY KEY, n int)")
        stage = make_stage(empty_server, conn)
        process = stage.begin(kind="held_snapshot", hold="1500ms")
        try:
            # Until it is consistent, others' transactions are waited for too.
            consistent = "SELECT active_pid FROM pg_replication_slots WHERE confirmed_flush_lsn IS NOT NULL"
            (slot,) = stage.until(lambda: conn.execute(consistent).fetchone())
            acted = blocks_for_its_time(stage, process, "CREATE INDEX CONCURRENTLY ON orders (n)", hold_s=1.5)
        finally:
            process.kill()
        assert acted.pid == slot
        assert acted.detail == "the exported snapshot of a logical replication slot"
        assert conn.execute("SELECT count(*) FROM pg_replication_slots").fetchone() == (0,)


def test_a_dump_holds_every_table_for_its_time(stage: Any) -> None:
    process = stage.begin(kind="pg_dump", hold="1500ms")
    for table in ("orders", "items"):
        stage.until(lambda table=table: stage.held("pg_dump", table=table) == ["AccessShareLock"])
    stage.conn.execute("UPDATE orders SET n = n + 1 WHERE id = 1")
    blocks_for_its_time(stage, process, ADD_COLUMN, hold_s=1.5)
    assert dumps_of(stage.server) == []


def test_a_dump_of_one_table_and_its_end_when_told_to_leave(stage: Any) -> None:
    process = stage.begin(kind="pg_dump", table="orders", hold="60s")
    stage.until(lambda: stage.held("pg_dump") == ["AccessShareLock"])
    assert stage.held("pg_dump", table="items") == []
    assert len(dumps_of(stage.server)) == 1
    (acted,) = process.stop()
    assert acted.sqlstate == ""
    assert stage.sessions() == 0
    assert dumps_of(stage.server) == []


@pytest.mark.parametrize("kind", ["pg_dump", "wraparound_vacuum"])
def test_one_that_is_killed_leaves_no_session_and_no_program(stage: Any, kind: str) -> None:
    process = stage.begin(kind=kind, table="orders", hold="60s")
    if kind == "pg_dump":
        stage.until(lambda: stage.held(kind) == ["AccessShareLock"])
    else:
        stage.until(lambda: stage.conn.execute(WORKER).fetchone())
    process.kill()
    assert stage.sessions() == 0
    stage.until(lambda: dumps_of(stage.server) == [])
    stage.conn.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'")


def dumps_of(server: Server) -> list[int]:
    """Processes of pg_dump that talk to this server."""
    mine = f"PGPORT={server.environment(application_name='x')['PGPORT']}"
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            program = (folder / "cmdline").read_bytes().split(b"\0")[0]
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
        if program.endswith(b"/pg_dump") and mine.encode() in variables:
            found.append(int(folder.name))
    return found


def test_what_an_act_fails_with_is_kept(stage: Any) -> None:
    with connect(stage.server.conninfo(application_name="somebody")) as other:
        other.execute("BEGIN; LOCK TABLE orders")
        process = stage.begin(kind="sql", sql="SET lock_timeout = '300ms'; BEGIN; LOCK TABLE orders", hold="0s")
        stage.until(lambda: stage.state("sql")[0] == "active")
        stage.until(lambda: stage.state("sql")[0] == "idle")
    (acted,) = process.stop()
    assert acted.sqlstate == "55P03"
    assert acted.in_place_ns == 0
