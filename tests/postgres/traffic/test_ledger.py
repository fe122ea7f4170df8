"""The ledger holds what the application was told is committed, and never makes an operation fail."""

import time
from pathlib import Path

import pytest

from harness.events.operations import Outcome
from harness.model.units import NS_PER_S
from harness.spec.scenario import OperationSpec, Protocol
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres

INSERT = OperationSpec(name="insert", sql="INSERT INTO orders (status) VALUES ('new')")
KEYS = "SELECT id::text FROM orders WHERE status = 'new' ORDER BY 1"


def keys_there(rig: Rig) -> set[tuple[str, ...]]:
    return {tuple(row) for row in rig.conn.execute(KEYS)}


@pytest.mark.parametrize("protocol", list(Protocol))
@pytest.mark.parametrize("processes", [1, 2])
def test_committed_inserts_are_there(rig: Rig, protocol: Protocol, processes: int) -> None:
    in_transaction = OperationSpec(
        name="both",
        sql=(
            "INSERT INTO orders (status) VALUES ('new')",
            "INSERT INTO items VALUES ((SELECT max(id) FROM orders), (random() * 2e9)::int, 'x')",
        ),
    )
    traffic = rig.start(INSERT, in_transaction, rate=100, actors=4, protocol=protocol, processes=processes)
    traffic.begin()
    time.sleep(0.7)
    summary = traffic.stop(drain_ns=NS_PER_S)
    assert summary.completed == summary.offered
    items, orders = summary.ledger
    assert (orders.relation, orders.columns) == ("public.orders", ("id",))
    assert (items.relation, items.columns) == ("public.items", ("order_id", "place"))
    assert set(orders.present) == keys_there(rig)
    assert len(orders.present) == summary.completed
    found = rig.conn.execute("SELECT order_id::text, place::text FROM items").fetchall()
    assert set(items.present) == {tuple(row) for row in found}
    assert not list(rig.folder.glob("ledger*"))


def test_what_was_rolled_back_or_deleted_is_not_in_the_ledger(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "undo.sql").write_text("BEGIN;\nINSERT INTO orders (status) VALUES ('undone');\nROLLBACK;")
    undo = OperationSpec(name="undo", pgbench="undo.sql")
    fails = OperationSpec(name="fails", sql=("INSERT INTO orders (status) VALUES ('failed')", "SELECT 1 / 0"))
    delete = OperationSpec(name="delete", sql="DELETE FROM orders WHERE id = :id", params={"id": "sample(orders.id)"})
    traffic = rig.start(undo, fails, delete, INSERT, rate=150, actors=4, path=tmp_path / "s.toml")
    traffic.begin()
    time.sleep(0.7)
    summary = traffic.stop(drain_ns=NS_PER_S)
    (orders,) = summary.ledger
    assert set(orders.inserted) == keys_there(rig)
    assert len(orders.deleted) > 5
    left = {row[0] for row in rig.conn.execute("SELECT id::text FROM orders")}
    assert not {key[0] for key in orders.deleted} & left
    assert [e.sqlstate for e in summary.errors] == ["22012"]


def test_a_renamed_key_column_turns_the_ledger_off_and_fails_nothing(rig: Rig) -> None:
    traffic = rig.start(INSERT, rate=100, actors=3)
    traffic.begin()
    time.sleep(0.4)
    rig.conn.execute("ALTER TABLE orders RENAME COLUMN id TO order_id")
    time.sleep(0.5)
    summary = traffic.stop(drain_ns=NS_PER_S)
    rig.conn.execute("ALTER TABLE orders RENAME COLUMN order_id TO id")
    assert summary.failed == 0
    assert summary.completed == summary.offered
    (orders,) = summary.ledger
    assert 0 < len(orders.present) < summary.completed
    assert set(orders.present) < keys_there(rig)


@pytest.mark.parametrize("from_the_beginning", [True, False])
def test_who_may_insert_and_not_read_is_not_followed(rig: Rig, tmp_path: Path, *, from_the_beginning: bool) -> None:
    """A table of audit entries: RETURNING would need SELECT, and a row that the policies for SELECT show."""
    rig.conn.execute("DROP ROLE IF EXISTS writer")
    rig.conn.execute("CREATE ROLE writer")
    policies = "CREATE POLICY w ON orders FOR INSERT WITH CHECK (true); ALTER TABLE orders ENABLE ROW LEVEL SECURITY"
    rig.conn.execute(f"GRANT INSERT{'' if from_the_beginning else ', SELECT'} ON orders TO writer")
    (tmp_path / "write.sql").write_text("SET ROLE writer;\nINSERT INTO orders (status) VALUES ('new');")
    traffic = rig.start(OperationSpec(name="w", pgbench="write.sql"), rate=100, actors=3, path=tmp_path / "s.toml")
    traffic.begin()
    time.sleep(0.4)
    if not from_the_beginning:
        rig.conn.execute(policies)
    time.sleep(0.5)
    summary = traffic.stop(drain_ns=NS_PER_S)
    assert summary.errors == ()
    assert summary.failed == 0
    assert summary.completed == summary.offered == len(keys_there(rig))
    rig.conn.execute("DROP OWNED BY writer; DROP ROLE writer")


def test_a_changed_key_type_fails_nothing(rig: Rig) -> None:
    """INSERT alone has no result whose type could change; the RETURNING that the ledger adds must not give it one."""
    rig.conn.execute("ALTER TABLE orders ALTER COLUMN id TYPE int")
    traffic = rig.start(INSERT, rate=100, actors=3)
    traffic.begin()
    time.sleep(0.4)
    rig.conn.execute("ALTER TABLE orders ALTER COLUMN id TYPE bigint")
    time.sleep(0.4)
    summary = traffic.stop(drain_ns=NS_PER_S)
    assert summary.failed == 0
    (orders,) = summary.ledger
    assert set(orders.present) == keys_there(rig)


def test_a_dropped_column_is_the_operations_own_failure(rig: Rig) -> None:
    traffic = rig.start(INSERT, rate=100, actors=2)
    traffic.begin()
    time.sleep(0.4)
    rig.conn.execute("ALTER TABLE orders DROP COLUMN status")
    time.sleep(0.4)
    summary = traffic.stop(drain_ns=NS_PER_S)
    records = rig.records()
    assert records["outcome"][-1] == Outcome.ERROR
    assert [e.sqlstate for e in summary.errors] == ["42703"]


def test_connections_lost_leave_nothing_acknowledged_that_is_not_there(rig: Rig) -> None:
    traffic = rig.start(INSERT, rate=400, actors=8, pool_timeout="200ms")
    traffic.begin()
    time.sleep(0.5)
    rig.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^rehearse/traffic'"
    )
    time.sleep(0.5)
    summary = traffic.stop(drain_ns=NS_PER_S)
    (orders,) = summary.ledger
    assert set(orders.present) <= keys_there(rig)
    assert len(orders.present) == summary.completed
