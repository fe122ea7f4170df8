"""Whole logs to whole workloads, without a server: what transactions become, and that no value is in them."""

import json
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.spec.scenario import OperationSpec, StatementSpec, TrafficSpec
from harness.spec.workload import build_workload
from harness.workload.derived import Derived
from harness.workload.from_log import LogOptions, derive_from_log, derive_with_arrivals
from harness.workload.toml import operations_toml
from harness.workload.write_log import trace_csv, traffic_toml


class Log:
    """A jsonlog while it is written; every statement takes 2 ms, every transaction begins a second after the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seconds = count()
        self._lines: list[str] = []

    def transaction(self, *statements: str, session: str = "s", end: str = "COMMIT", error: str = "") -> None:
        """One transaction with BEGIN; one statement alone without."""
        second = next(self._seconds)
        whole = ("BEGIN", *statements, end) if len(statements) > 1 or error else statements
        for sql in whole:
            if error and sql == statements[-1]:
                self._line(second, session, "nothing to see", error_severity="ERROR", state_code=error, statement=sql)
            else:
                self._line(second, session, f"duration: 2.000 ms  statement: {sql}")

    def _line(self, second: int, session: str, message: str, **fields: str) -> None:
        at = f"2026-11-22 {10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000 UTC"
        entry = {"timestamp": at, "pid": 1, "session_id": session, "error_severity": "LOG", "message": message}
        self._lines.append(json.dumps(entry | fields))

    def derive(self, **options: object) -> Derived:
        self.path.write_text("\n".join(self._lines) + "\n")
        derived = derive_from_log([self.path], None, LogOptions(**options))  # type: ignore[arg-type]
        if derived.operations:
            build_workload(
                TrafficSpec(operation=derived.operations), path=self.path
            )  # what a scenario would make of it
        return derived


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log.json")


def texts(operation: OperationSpec) -> list[str]:
    parts: Sequence[str | StatementSpec] = (operation.sql,) if isinstance(operation.sql, str) else operation.sql
    return [part if isinstance(part, str) else part.sql for part in parts]


def only(derived: Derived) -> OperationSpec:
    (operation,) = derived.operations
    return operation


def test_weights_rate_and_coverage(log: Log) -> None:
    for n in range(30):
        log.transaction(f"SELECT * FROM users WHERE id = {n}")
        if n % 3 == 0:
            log.transaction(f"UPDATE a SET n = {n} WHERE id = {n}", f"DELETE FROM b WHERE id = {n % 7}")
    derived = log.derive()
    assert [(operation.weight, len(texts(operation))) for operation in derived.operations] == [(30.0, 1), (10.0, 2)]
    assert derived.rate == pytest.approx(40 / 39, rel=0.01)
    coverage = derived.coverage
    assert (coverage.calls, coverage.covered_calls, coverage.uncovered) == (50, 50, ())
    assert coverage.time_ns == coverage.covered_time_ns == 50 * 2_000_000
    assert {e.time_per_call_ns for e in derived.expectations} == {2_000_000.0}
    assert log.derive(sample_rate=0.1).rate == pytest.approx(10 * 40 / 39, rel=0.01)


def test_minutes_without_a_transaction_are_no_time_of_the_log(log: Log) -> None:
    log.transaction("SELECT 1 FROM t WHERE id = 1")
    for _ in range(599):
        next(log._seconds)
    log.transaction("SELECT 1 FROM t WHERE id = 2")
    rate = log.derive().rate
    assert rate is not None
    assert rate == pytest.approx(2 / 60, rel=0.05)


def test_the_same_value_is_the_same_parameter(log: Log) -> None:
    for n in range(10):
        log.transaction(
            f"UPDATE a SET n = n + {n % 3} WHERE id = {n * 7}",
            f"INSERT INTO h (aid, d, x) VALUES ({n * 7}, {n % 3}, 0)",
        )
    first, second = texts(only(log.derive()))
    assert first == "UPDATE a SET n = n + :n::int WHERE id = :id"
    assert second == "INSERT INTO h (aid, d, x) VALUES (:id, :n, :x)"
    assert only(log.derive()).params == {"n": "int(0, 2)", "id": "sample(a.id)", "x": 0}


def test_what_an_insert_returned_is_taken_into_a_variable(log: Log) -> None:
    for n in range(12):
        log.transaction(
            "INSERT INTO orders (user_id) VALUES (5) RETURNING id, user_id",
            *[f"INSERT INTO items (order_id, place) VALUES ({900 + n}, {place})" for place in range(3)],
            f"UPDATE orders SET total = 9 WHERE id = {900 + n}",
        )
    operation = only(log.derive())
    assert isinstance(operation.sql, tuple)
    assert isinstance(operation.sql[0], StatementSpec)
    assert operation.sql[0].into == ("new_order_id", "unused_user_id")
    assert all(":new_order_id" in text for text in texts(operation)[1:])
    assert not any("order_id" in name for name in operation.params)


def test_repetitions_become_as_many_statements(log: Log) -> None:
    for n in range(40):
        log.transaction(
            f"SELECT * FROM posts WHERE author = {n}",
            *[f"SELECT * FROM c WHERE post = {n * i}" for i in range(1 + n % 20)],
        )
    derived = log.derive()
    total = sum((len(texts(operation)) - 1) * operation.weight for operation in derived.operations)
    assert total == pytest.approx(sum(1 + n % 20 for n in range(40)), rel=1e-3)
    assert len(derived.operations) < 12
    names = [operation.name for operation in derived.operations]
    assert len(set(names)) == len(names)
    longest = max(derived.operations, key=lambda operation: len(texts(operation)))
    assert len(longest.params) == len(texts(longest))  # each repetition draws its own


def test_very_long_transactions_are_shorter_and_more(log: Log) -> None:
    for n in range(5):
        log.transaction(*[f"INSERT INTO t (a) VALUES ({n * i})" for i in range(600)])
    derived = log.derive()
    assert len(texts(only(derived))) <= 250
    assert only(derived).weight * len(texts(only(derived))) == pytest.approx(3000, rel=1e-3)
    assert any("250 statements" in note for note in derived.notes)


def test_a_range_has_its_width(log: Log) -> None:
    for n in range(10):
        log.transaction(f"SELECT * FROM t WHERE id BETWEEN {n * 100} AND {n * 100 + 10 + n}")
    assert only(log.derive()).params == {"id": "sample(t.id)", "id_2": "expr(:id + random(10, 19))"}


def test_columns_that_are_compared_together_come_from_one_row(log: Log) -> None:
    for n in range(5):
        log.transaction(f"SELECT * FROM items WHERE order_id = {n} AND place = {n * 2}")
    assert only(log.derive()).params == {"order_id": "row(items.order_id)", "place": "row(items.place)"}


def test_how_transactions_end(log: Log) -> None:
    for n in range(6):
        log.transaction(f"SELECT * FROM a WHERE id = {n}", f"SELECT * FROM b WHERE id = {n + 3}", end="ROLLBACK")
        log.transaction(f"UPDATE a SET x = 1 WHERE id = {n}", f"UPDATE b SET x = 1 WHERE id = {n + 3}", end="ROLLBACK")
        log.transaction(f"UPDATE a SET x = 1 WHERE id = {n}", "UPDATE b SET x = 'planted'", error="40001")
    derived = log.derive()
    assert [texts(operation)[-1].split()[0] for operation in derived.operations] == ["SELECT", "ROLLBACK"]
    assert derived.coverage.calls - derived.coverage.covered_calls == 12
    assert {one.reason for one in derived.coverage.uncovered} == {"in a transaction that failed with 40001"}


def test_rare_transactions_are_told_and_left_out(log: Log) -> None:
    for n in range(99):
        log.transaction(f"SELECT * FROM a WHERE id = {n}")
    log.transaction("SELECT * FROM b WHERE name = 'planted'")
    derived = log.derive(min_share=0.05)
    assert only(derived).weight == 99
    (rare,) = derived.coverage.uncovered
    assert (rare.statement, rare.calls) == ("SELECT * FROM b WHERE name = $1", 1)


def test_a_statement_without_a_parameter_to_draw_leaves_the_others(log: Log) -> None:
    for n in range(5):
        log.transaction(f"SELECT * FROM a WHERE id = {n}", "SELECT f('planted')", "COPY a FROM STDIN")
    derived = log.derive()
    assert texts(only(derived)) == ["BEGIN", "SELECT * FROM a WHERE id = :id", "COMMIT"]
    assert {one.statement for one in derived.coverage.uncovered} == {"SELECT f($1)", "COPY A"}
    assert derived.coverage.covered_calls == 5


def test_what_a_statement_that_is_left_out_would_have_given_is_drawn(log: Log) -> None:
    for n in range(12):
        log.transaction(
            f"INSERT INTO orders (id, note) VALUES ({n + 50}, f('planted', 1)) RETURNING id",
            f"INSERT INTO items (order_id, place) VALUES ({900 + n}, 1)",
            f"UPDATE orders SET total = 9 WHERE id = {900 + n} AND n = {n + 50}",
        )
    operation = only(log.derive())
    assert len(texts(operation)) == 2
    assert operation.params == {"order_id": "sample(orders.id)", "place": 1, "total": 9, "n": "sample(orders.n)"}
    assert ":order_id AND" in texts(operation)[1]


PLANTED: Sequence[str] = ("planted", "Anna Meier", "anna@example.org", "4111111111111111", "1980-04-01", "hunter2")


def planted_statements(value: str) -> Iterable[str]:
    yield f"SELECT * FROM users WHERE name = '{value}' OR note LIKE '%{value}%' /* {value} */ -- {value}"
    yield f"INSERT INTO users (name, note, data) VALUES ('{value}', E'{value}\\n', '{{\"x\": \"{value}\"}}')"
    yield f"UPDATE users SET name = $${value}$$ WHERE data ->> 'name' = '{value}' AND id IN (1, 2, 3)"
    yield f"SELECT f('{value}'), '{value}' AS x, CASE WHEN name = '{value}' THEN '{value}' END FROM users ORDER BY 1"
    yield f"SELECT * FROM users WHERE name = ANY('{{{value}}}') AND born > date '{value}'"
    yield f"SELECT * FROM users WHERE name = '{value}"
    yield f"SET app.who = '{value}'"
    yield f"CREATE ROLE x PASSWORD '{value}'"
    yield f"COPY users FROM '{value}'"
    yield f"DO $$ BEGIN PERFORM '{value}'; END $$"
    yield f"NOTIFY x, '{value}'; SELECT '{value}'::text"
    yield f"SELECT data ->> '{value}' FROM users"
    yield f"EXECUTE p('{value}')"


@pytest.mark.parametrize("times", [3, 60])
@pytest.mark.parametrize("value", PLANTED)
def test_no_value_of_the_log_is_in_the_workload(log: Log, value: str, times: int) -> None:
    for n in range(times):
        for sql in planted_statements(value):
            log.transaction(sql, f"SELECT {n} FROM t WHERE id = {n}")
            log.transaction(sql, session=f"t{n}", error="23505")
    derived = log.derive()
    arrivals = derive_with_arrivals([log.path], options=LogOptions())[1]
    shown = [operations_toml(derived), traffic_toml(derived), repr(derived), trace_csv(derived, arrivals)]
    assert not [line for text in shown for line in text.splitlines() if value in line]
    assert derived.coverage.covered_calls > 0


def test_arrivals_name_the_operations_in_order(log: Log) -> None:
    for n in range(20):
        log.transaction(f"SELECT * FROM a WHERE id = {n}")
        log.transaction(f"UPDATE a SET x = 1 WHERE id = {n}", *[f"SELECT * FROM c WHERE p = {n * i}" for i in range(n)])
    derived, arrivals = derive_with_arrivals([log.path], options=LogOptions()) if log.derive() else (None, None)
    assert derived is not None
    assert arrivals is not None
    names = [derived.operations[number].name for number in arrivals.operations]
    assert list(arrivals.seconds) == sorted(arrivals.seconds)
    assert len(names) == 40
    assert names[0::2] == ["select a"] * 20
    assert trace_csv(derived, arrivals).splitlines()[:2] == ["seconds,operation", "0.000000,select a"]
    assert 'trace = "t.csv"' in traffic_toml(derived, trace="t.csv")


def test_a_log_without_statements_says_what_to_switch_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("2026-11-22 10:00:00.000 UTC [1] LOG:  checkpoint starting: time\n")
    with pytest.raises(SpecError, match="log_min_duration_statement = 0"):
        derive_from_log([path])
    path.write_text("")
    with pytest.raises(SpecError, match="no entry"):
        derive_from_log([path])
