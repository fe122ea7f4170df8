"""Operations whose statements use the rows of earlier ones, depend on them, or pause."""

import time
from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.rehearsal.traffic.fitness import check_operations
from harness.rehearsal.traffic.process import TrafficSummary
from harness.spec.scenario import OperationSpec, Protocol, StatementSpec, TrafficSpec
from harness.spec.workload import build_workload
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres


def run(
    rig: Rig, operation: OperationSpec, *, protocol: Protocol = Protocol.PREPARED, ended: int = 8
) -> TrafficSummary:
    """Run the operation on one connection until it ended a few times."""
    traffic = rig.start(operation, rate=100, actors=1, protocol=protocol)
    traffic.begin()
    while traffic.progress.completed + traffic.progress.failed < ended:
        assert traffic.alive
        time.sleep(0.01)
    return traffic.stop(drain_ns=10**10)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_row_is_used_by_later_statements_and_decides_which_run(rig: Rig, protocol: Protocol) -> None:
    """Stock of 5: five orders take one each, the others find none; a note that is NULL stays NULL."""
    rig.conn.execute("DROP TABLE IF EXISTS stock, sold")
    rig.conn.execute("CREATE TABLE stock (id int PRIMARY KEY, n int, price numeric, note text)")
    rig.conn.execute("CREATE TABLE sold (price numeric, note text, refused boolean)")
    rig.conn.execute("INSERT INTO stock VALUES (1, 5, 9.90, NULL)")
    operation = OperationSpec(
        name="buy",
        sql=(
            StatementSpec(
                sql="SELECT n, price, note FROM stock WHERE id = :id FOR UPDATE", into=("n", "price", "note")
            ),
            StatementSpec(sql="UPDATE stock SET n = n - 1 WHERE id = :id", when=":n > 0", think="1ms"),
            StatementSpec(sql="INSERT INTO sold VALUES (:price::numeric, :note, false)", when=":n > 0"),
            StatementSpec(sql="INSERT INTO sold VALUES (NULL, 'it''s', true)", when="not :n > 0 and :note is null"),
        ),
        params={"id": 1},
    )
    summary = run(rig, operation, protocol=protocol)
    assert summary.errors == ()
    assert rig.conn.execute("SELECT n FROM stock").fetchone() == (0,)
    counted = "SELECT count(*), count(note), sum(price)::text FROM sold WHERE refused = %s"
    assert rig.conn.execute(counted, [False]).fetchone() == (5, 0, "49.50")
    assert rig.conn.execute(counted, [True]).fetchone() == (summary.completed - 5, summary.completed - 5, None)


def test_a_variable_whose_statement_was_skipped_is_null_again(rig: Rig) -> None:
    rig.conn.execute("DROP TABLE IF EXISTS seen; CREATE TABLE seen (id serial, x text)")
    operation = OperationSpec(
        name="every other",
        sql=(
            StatementSpec(sql="SELECT count(*) % 2 FROM seen", into="odd"),
            StatementSpec(sql="SELECT 'odd'", into="x", when=":odd = 1"),
            "INSERT INTO seen (x) VALUES (:x)",
        ),
    )
    assert run(rig, operation).errors == ()
    seen = [row[0] for row in rig.conn.execute("SELECT x FROM seen ORDER BY id")]
    assert seen[:6] == [None, "odd"] * 3


def test_a_pause_is_inside_the_transaction(rig: Rig) -> None:
    rig.conn.execute("DROP TABLE IF EXISTS times; CREATE TABLE times (id serial, first timestamptz, begun timestamptz)")
    operation = OperationSpec(
        name="think",
        sql=("SELECT 1", StatementSpec(sql="INSERT INTO times VALUES (1, clock_timestamp(), now())", think="30ms")),
    )
    assert run(rig, operation, ended=3).errors == ()
    least = rig.conn.execute("SELECT min(first - begun) >= interval '30 ms' FROM times").fetchone()
    assert least == (True,)


@pytest.mark.parametrize(
    ("statement", "sqlstate", "message"),
    [
        (StatementSpec(sql="SELECT 1, 2", into="x"), "42804", "into names 1 variables, the row has 2 columns"),
        (StatementSpec(sql="SELECT 1 WHERE false", into="x"), "P0002", "into expected one row, got 0"),
        (StatementSpec(sql="SELECT generate_series(1, 2)", into="x"), "P0003", "into expected one row, got 2"),
        (StatementSpec(sql="SELECT 1", when=":text > 1"), "22P02", "not a number"),
    ],
)
def test_a_row_that_does_not_fit_fails_the_operation(
    rig: Rig, statement: StatementSpec, sqlstate: str, message: str
) -> None:
    operation = OperationSpec(name="fails", sql=("SELECT :text::text", statement), params={"text": "choice(abc)"})
    summary = run(rig, operation, ended=3)
    assert summary.completed == 0
    assert {error.sqlstate for error in summary.errors} == {sqlstate}
    assert all(message in error.message for error in summary.errors)
    idle = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/traffic%' AND state <> 'idle'"
    assert rig.conn.execute(idle).fetchone() == (0,)


def test_a_row_of_another_width_is_told_before_the_run(rig: Rig) -> None:
    statement = StatementSpec(sql="SELECT id, n FROM orders LIMIT 1", into=("id", "n", "status"))
    operation = OperationSpec(name="wide", sql=(statement, "SELECT :id::bigint, :n::int, :status::text"))
    workload = build_workload(TrafficSpec(operation=(operation,)), path=Path("s.toml"))
    with pytest.raises(SpecError, match="statement 1 returns 2 columns, and `into` names 3 variables") as caught:
        check_operations(rig.conn, workload, mix={})
    assert caught.value.key == "traffic.operation (wide)"
