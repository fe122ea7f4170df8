"""Normalized statements to operations, by their text and by a catalog."""

import pytest

from harness.model.units import NS_PER_MS, NS_PER_S
from harness.workload.catalog import Catalog, Column, ForeignKey, Index, Table
from harness.workload.statements import Database, derive_from_statements
from harness.workload.statements_file import RecordedStatement, RecordedStatements


def column(name: str, base: str = "int8", category: str = "N", **more: object) -> Column:
    return Column(name, {"int8": "bigint"}.get(base, base), base, category, **more)  # type: ignore[arg-type]


CATALOG = Catalog(
    (
        Table(
            "public",
            "orders",
            (
                column("id"),
                column("user_id"),
                column("status", "text", "S"),
                column("note", "text", "S", nulls=0.25),
                column("gone", "text", "S", nulls=1.0),
                column("code", "varchar", "S", length=5),
            ),
            indexes=(
                Index("orders_pkey", ("id",), ("id",), unique=True, primary=True),
                Index("orders_code_key", ("code",), ("code",), unique=True),
            ),
            foreign_keys=(ForeignKey("orders_user_fkey", ("user_id",), "public.users", ("id",)),),
        ),
        Table("public", "users", (column("id"),)),
    )
)


def recorded(*statements: tuple[str, int, int]) -> RecordedStatements:
    return RecordedStatements(tuple(RecordedStatement(q, c, r, c * NS_PER_MS) for q, c, r in statements))


def operation(sql: str, *, rows: int = 10, catalog: Catalog | None = CATALOG) -> tuple[str, dict[str, object]]:
    """The only operation of a statement called ten times: its SQL and its parameters."""
    derived = derive_from_statements(recorded((sql, 10, rows)), Database(catalog), name="x")
    (one,) = derived.operations
    assert isinstance(one.sql, str)
    return one.sql, dict(one.params)


def refusal(sql: str, *, catalog: Catalog | None = CATALOG) -> str:
    derived = derive_from_statements(recorded((sql, 1, 1)), Database(catalog), name="x")
    assert derived.operations == ()
    assert derived.coverage.covered_calls == 0
    (one,) = derived.coverage.uncovered
    return one.reason


@pytest.mark.parametrize(
    ("sql", "text", "params"),
    [
        ("SELECT * FROM orders WHERE id = $1 LIMIT $2", "SELECT * FROM orders WHERE id = :id LIMIT :rows",
         {"id": "sample(orders.id)", "rows": "1"}),
        ("SELECT 1 FROM orders WHERE id = $1 AND status = $2",
         "SELECT 1 FROM orders WHERE id = :id AND status = :status",
         {"id": "row(orders.id)", "status": "row(orders.status)"}),
        ("SELECT 1 FROM orders WHERE id = $1 OR id = $2", "SELECT 1 FROM orders WHERE id = :id OR id = :id_2",
         {"id": "sample(orders.id)", "id_2": "sample(orders.id)"}),
        ("SELECT 1 FROM orders WHERE at > now() - interval $1",
         "SELECT 1 FROM orders WHERE at > now() - :p1::interval", {"p1": "1 day"}),
        ("SELECT '$1', \"$2\" FROM orders WHERE id = $1 -- $3",
         "SELECT '$1', \"$2\" FROM orders WHERE id = :id -- $3", {"id": "sample(orders.id)"}),
        ("INSERT INTO orders (id, user_id, status, note, gone, code) VALUES ($1, $2, $3, $4, $5, $6)",
         ("INSERT INTO orders (id, user_id, status, note, gone, code)"
          " VALUES (:id, :user_id, :status, :note, :gone, :code)"),
         {"id": "new_key(orders.id)", "user_id": "sample(users.id)", "status": "row(orders.status)",
          "note": "null(0.25, sample(orders.note))", "gone": "null(1, choice(''))", "code": "text(5)"}),
        ("UPDATE orders SET status = $1, user_id = user_id + $2 WHERE id = $3",
         "UPDATE orders SET status = :status, user_id = user_id + :user_id WHERE id = :id",
         {"status": "sample(orders.status)", "user_id": "int(1, 9)", "id": "sample(orders.id)"}),
        ("SELECT date_trunc($1, at), $2 FROM orders OFFSET $3",
         "SELECT date_trunc(:p1, at), :p2 FROM orders OFFSET :skipped", {"p1": "day", "p2": "1", "skipped": "0"}),
        ("SELECT $1", "SELECT :p1", {"p1": "1"}),
        ("DELETE FROM orders WHERE id = $1", "DELETE FROM orders WHERE id = :id", {"id": "once(orders.id)"}),
    ],
)  # fmt: skip
def test_parameters_get_their_values_from_their_columns(sql: str, text: str, params: dict[str, object]) -> None:
    assert operation(sql) == (text, params)


def test_lists_are_as_long_as_the_rows_of_a_call() -> None:
    text, params = operation("SELECT 1 FROM orders WHERE id IN ($1 /*, ... */)", rows=30)
    assert text == "SELECT 1 FROM orders WHERE id IN (:id_1, :id_2, :id_3 /*, ... */)"
    assert set(params.values()) == {"sample(orders.id)"}
    text, _ = operation("SELECT 1 FROM orders WHERE id = ANY($1)", rows=20)
    assert text == "SELECT 1 FROM orders WHERE id = ANY(ARRAY[:id_1, :id_2]::bigint[])"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("BEGIN", "BEGIN and COMMIT"),
        ("SET search_path = public", "utility"),
        ("VACUUM orders", "utility"),
        ("SELECT * FROM orders WHERE id IN ($1, $2", "cut off"),
        ("<insufficient privilege>", "hidden"),
        ("", "hidden"),
        ("SELECT 1; SELECT 2", "several statements"),
        ("SELECT my_function($1)", "argument of my_function()"),
        ("SELECT 1 FROM orders WHERE id = ANY($1)", "type of the array"),
        ("SELECT 1 FROM a, b WHERE x = $1", "compared with no column"),
        ("SELECT a[$1:b] FROM t WHERE c = $2", "colons"),
    ],
)
def test_what_cannot_be_covered_is_told(sql: str, reason: str) -> None:
    assert reason in refusal(sql, catalog=None)


def test_weights_rate_and_coverage() -> None:
    source = recorded(("SELECT 1 FROM orders WHERE id = $1", 300, 300), ("UPDATE orders SET status = $1", 100, 900),
                      ("COMMIT", 400, 0))  # fmt: skip
    derived = derive_from_statements(source, Database(CATALOG), name="x.csv", window_ns=100 * NS_PER_S)
    assert [(one.name, one.weight) for one in derived.operations] == [("read orders", 750.0), ("update orders", 250.0)]
    assert derived.rate == pytest.approx(4.0)
    coverage = derived.coverage
    assert (coverage.calls, coverage.covered_calls) == (800, 400)
    assert coverage.covered_time_ns / coverage.time_ns == pytest.approx(0.5)
    assert [(one.operation, one.rows_per_call, one.time_per_call_ns) for one in derived.expectations] == [
        ("read orders", 1.0, NS_PER_MS), ("update orders", 9.0, NS_PER_MS)]  # fmt: skip


def test_names_are_unique() -> None:
    source = recorded(("SELECT 1 FROM orders", 1, 1), ("SELECT 2 FROM orders", 1, 1), ("SELECT 3 FROM orders", 0, 0))
    derived = derive_from_statements(source, Database(), name="x")
    assert [one.name for one in derived.operations] == ["read orders", "read orders #2"]
    assert derived.rate is None
    assert any("--window" in note for note in derived.notes)
