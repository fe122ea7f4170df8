"""The deadlock probe on real servers: lock orders that agree and lock orders that do not."""

from pathlib import Path

import pytest

from harness.events.probes import DeadlockProbed
from tests.postgres.probes.probing import quiet_run

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

_SETUP = """
    CREATE TABLE customers (id int PRIMARY KEY, points int NOT NULL DEFAULT 0);
    CREATE TABLE orders (id int PRIMARY KEY, note text);
    INSERT INTO customers SELECT g FROM generate_series(1, 2000) g;
    INSERT INTO orders SELECT g FROM generate_series(1, 2000) g;
    """
_HEAD = """
    [migration]
    up = "up.sql"
    transaction = "as-written"
    [rollback]
    run = false
    restore = "none"
    reason = "a test"
    [probe]
    versions = false
    queue = false
    """
# Customers first, then orders; keys of which the migration changes one in ten.
_BUY = """
    [[traffic.operation]]
    name = "buy"
    sql = ["UPDATE customers SET points = points + 1 WHERE id = :id", "UPDATE orders SET note = 'x' WHERE id = :id"]
    params = { id = "sample(customers.id)" }
    """
# Two rows in any order: the application deadlocks with itself all the time.
_SWAP = """
    [[traffic.operation]]
    name = "swap"
    sql = ["UPDATE customers SET points = 1 WHERE id = :a", "UPDATE customers SET points = 1 WHERE id = :b"]
    params = { a = "int(1, 2)", b = "int(1, 2)" }
    """


def _probed(scenario: str, up: str, *, home: Path, folder: Path, setup: str = _SETUP) -> DeadlockProbed:
    history = quiet_run(_HEAD + scenario, {"setup.sql": setup, "up.sql": up}, folder=folder / "s", home=home)
    (event,) = history.of(DeadlockProbed)
    return event


@pytest.mark.parametrize(
    "up",
    [
        "BEGIN; UPDATE orders SET note = 'f' WHERE id <= 200; UPDATE customers SET points = 0 WHERE id <= 200; COMMIT;",
        "BEGIN; ALTER TABLE orders ADD COLUMN a int; ALTER TABLE customers ADD COLUMN a int; COMMIT;",
    ],
    ids=["rows", "tables"],
)
def test_the_opposite_order_deadlocks(up: str, home: Path, tmp_path: Path) -> None:
    event = _probed(_BUY, up, home=home, folder=tmp_path)
    assert event.transactions == (("S1", "S2"),)
    assert event.deadlocks
    seen = event.deadlocks[0]
    assert (seen.statement, seen.victim in ("traffic", "migration")) == ("S2", True)
    assert [(at.operation, at.statement) for at in seen.application][:1] == [("buy", 1)]


def test_the_same_order_does_not_and_neither_counts_what_the_application_does_to_itself(
    home: Path, tmp_path: Path
) -> None:
    up = "BEGIN; UPDATE customers SET points = 0 WHERE id > 2; UPDATE orders SET note = 'f' WHERE id > 2; COMMIT;"
    event = _probed(_BUY + _SWAP, up, home=home, folder=tmp_path)
    assert (event.rounds, event.deadlocks) == (2, ())
    assert event.executed > 0


_BOTH = "BEGIN; ALTER TABLE orders ADD COLUMN a int; ALTER TABLE customers ADD COLUMN a int; COMMIT;"
_JOIN = "SELECT count(*) FROM customers JOIN orders USING (id) WHERE customers.id = 7"
_KEYS = """
    DELETE FROM orders WHERE id > 1000;
    ALTER TABLE customers ADD COLUMN latest int REFERENCES orders;
    """


def test_one_statement_that_needs_both_tables_deadlocks_too(home: Path, tmp_path: Path) -> None:
    join = f'[[traffic.operation]]\nname = "join"\nsql = "{_JOIN}"'
    event = _probed(join, _BOTH, home=home, folder=tmp_path)
    assert event.deadlocks
    assert event.deadlocks[0].statement == "S2"
    assert {at.operation for at in event.deadlocks[0].application} == {"join"}


def test_so_does_one_whose_foreign_key_needs_the_other_table(home: Path, tmp_path: Path) -> None:
    write = """
        [[traffic.operation]]
        name = "write"
        sql = "UPDATE customers SET latest = :id WHERE id = :id"
        params = { id = "int(1, 1000)" }
        """
    event = _probed(write, _BOTH, home=home, folder=tmp_path, setup=_SETUP + _KEYS)
    assert event.deadlocks
    assert {at.operation for at in event.deadlocks[0].application} == {"write"}


def test_an_application_that_needs_one_of_the_tables_is_not_asked(home: Path, tmp_path: Path) -> None:
    look = '[[traffic.operation]]\nname = "look"\nsql = "SELECT * FROM orders"'
    event = _probed(look, _BOTH, home=home, folder=tmp_path)
    assert (event.rounds, event.deadlocks) == (0, ())
    assert "waits for one lock" in event.skipped
