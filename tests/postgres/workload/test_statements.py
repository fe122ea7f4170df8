"""An export of pg_stat_statements that a real server made, on the data that it was made with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.postgres.connect import Connection
from harness.workload.derived import Derived
from harness.workload.describe import RefusedStatementError, describe_parameters
from harness.workload.read_catalog import read_catalog
from harness.workload.realism import check_realism
from harness.workload.statements import Database, derive_from_statements
from harness.workload.statements_file import RecordedStatement, RecordedStatements, read_statements
from tests.postgres.workload import conftest

pytestmark = pytest.mark.postgres

EXPORT = Path(__file__).parent / "shop_statements.csv"
"""PostgreSQL 15, pg_stat_statements 1.10; 3,000 operations of a small program on fixtures/shop."""


@pytest.fixture(scope="module")
def shop(make_database: Callable[[str, str | Path], conftest.Database]) -> conftest.Database:
    """The shop."""
    return make_database("statements", conftest.SHOP)


@pytest.fixture
def connection(shop: conftest.Database) -> Iterator[Connection]:
    """A connection to it."""
    with shop.connect() as connection:
        yield connection


def derive(shop: conftest.Database, connection: Connection, recorded: RecordedStatements) -> Derived:
    tryout = shop.tryout(connection)
    return derive_from_statements(recorded, Database(read_catalog(connection), connection, tryout), name="x.csv")


def test_every_statement_of_the_application_becomes_an_operation(
    shop: conftest.Database, connection: Connection
) -> None:
    recorded = read_statements(EXPORT)
    derived = derive(shop, connection, recorded)
    reasons = {one.statement: one.reason for one in derived.coverage.uncovered}
    assert set(reasons) == {
        "BEGIN",
        "COMMIT",
        "SET search_path = public",
        "SHOW work_mem",
        "SELECT touch($1)",
        "select pg_stat_statements_reset()",
    }
    assert reasons["SELECT touch($1)"].endswith("(42883)")
    kept = sum(one.calls for one in recorded.statements if one.query not in reasons)
    assert (derived.coverage.covered_calls, len(derived.operations)) == (kept, 16)
    shares = {one.name: one.weight for one in derived.operations}
    assert sum(shares.values()) == pytest.approx(1000, rel=1e-4)

    compared = {one.operation: one for one in check_realism(derived, shop.tryout(connection))}
    assert len(compared) == 16
    assert {one.error for one in compared.values()} == {""}
    by_key = compared["read orders"]
    assert (by_key.rows_source, by_key.rows_here, by_key.ok) == (1.0, 1.0, True)
    assert by_key.time_here_ns is not None
    joined = compared["read items, orders"]
    assert joined.rows_here == pytest.approx(joined.rows_source, rel=0.5)
    calls = sum(one.calls for one in compared.values())
    assert sum(one.calls for one in compared.values() if one.ok) / calls > 0.9


def test_what_does_not_run_is_told(shop: conftest.Database, connection: Connection) -> None:
    statements = (
        RecordedStatement("SELECT * FROM no_such_table WHERE id = $1", 10, 10, 1_000),
        RecordedStatement("SELECT no_such_column FROM orders WHERE id = $1", 10, 10, 1_000),
        RecordedStatement("INSERT INTO payments (order_id, method, amount_cents) VALUES ($1, $2, $3)", 10, 10, 1_000),
        RecordedStatement("UPDATE orders SET total_cents = -1 WHERE id = $1", 5, 5, 500),
        RecordedStatement("SELECT id FROM orders WHERE id = $1", 65, 65, 6_500),
    )
    derived = derive(shop, connection, RecordedStatements(statements))
    reasons = {one.statement.split()[1:4][-1]: one.reason for one in derived.coverage.uncovered}
    assert [one.reason[-7:] for one in derived.coverage.uncovered] == ["(42P01)", "(42703)", "(23514)"], reasons
    assert derived.coverage.covered_calls == 75
    assert derived.coverage.covered_time_ns == 7_500
    assert [one.operation for one in derived.expectations] == [one.name for one in derived.operations]


def test_types_of_parameters(connection: Connection) -> None:
    assert describe_parameters(connection, "SELECT $1 + 1, $2::text[]") == {1: "integer", 2: "text[]"}
    with pytest.raises(RefusedStatementError, match="42P01"):
        describe_parameters(connection, "SELECT 1 FROM no_such_table")


@pytest.mark.parametrize(
    "condition",
    [
        "placed_at BETWEEN $1 AND $2",
        "placed_at >= $1 AND placed_at < $2",
        "placed_at > $1",
        "placed_at < $1",
        "id BETWEEN $1 AND $2",
        "id >= $1",
        "id <= $1",
    ],
)
def test_ranges_are_as_wide_as_the_source_says(shop: conftest.Database, connection: Connection, condition: str) -> None:
    recorded = RecordedStatements((RecordedStatement(f"SELECT id FROM orders WHERE {condition}", 10, 200, 1_000),))
    derived = derive(shop, connection, recorded)
    (compared,) = check_realism(derived, shop.tryout(connection))
    assert compared.rows_source == 20.0
    assert compared.ok, compared


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM orders WHERE placed_at > $1 AND user_id = $2",
        "SELECT count(*) FROM orders WHERE placed_at > $1",
        "SELECT id FROM orders WHERE placed_at > $1 ORDER BY placed_at LIMIT $2",
        "SELECT o.id FROM orders o JOIN items i ON i.order_id = o.id WHERE o.placed_at > $1",
        "SELECT status FROM orders WHERE placed_at > $1 GROUP BY status",
    ],
)
def test_where_something_else_decides_on_the_rows_bounds_are_sampled(
    shop: conftest.Database, connection: Connection, sql: str
) -> None:
    derived = derive(shop, connection, RecordedStatements((RecordedStatement(sql, 10, 50, 1_000),)))
    assert derived.operations[0].params["placed_at"] in ("sample(orders.placed_at)", "sample(o.placed_at)")
