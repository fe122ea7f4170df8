"""What operations do besides plain statements: retries, pipelines, shell commands."""

import time
from pathlib import Path

import numpy as np
import pytest

from harness.events.operations import OperationRecords, Outcome
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.rehearsal.traffic.process import TrafficSummary
from harness.spec.scenario import Arrival, OperationSpec, Protocol, RetrySpec
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres


def run(rig: Rig, *operations: OperationSpec, seconds: float, locked: float = 0.0, **traffic: object) -> TrafficSummary:
    """Traffic for `seconds`; in the middle of it orders is locked for `locked` seconds."""
    traffic = {"path": rig.folder / "s.toml", **traffic}
    process = rig.start(*operations, **traffic)  # type: ignore[arg-type]
    process.begin()
    time.sleep(seconds / 2)
    if locked:
        with rig.conn.transaction():
            rig.conn.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            time.sleep(locked)
    time.sleep(seconds / 2)
    return process.stop(drain_ns=3 * NS_PER_S)


WRITE = OperationSpec(
    name="write",
    sql=("UPDATE orders SET n = n + 1 WHERE id = :id", "INSERT INTO items VALUES (:id, :place, 'x')"),
    params={"id": "sample(orders.id)", "place": "int(1, 2000000000)"},
)


def test_a_retry_absorbs_an_error_and_keeps_the_first_times(rig: Rig) -> None:
    retry = RetrySpec(on=("55P03",), attempts=10, backoff="20ms")
    summary = run(
        rig, WRITE, seconds=0.6, locked=0.4, rate=50, actors=8, retry=retry, settings={"lock_timeout": "50ms"}
    )
    records = rig.records()
    assert summary.failed == 0
    assert summary.offered == summary.completed == len(records)
    again = records[records["attempts"] > 1]
    assert len(again) > 3
    assert set(again["sqlstate"]) == {b"55P03"}
    assert set(records[records["attempts"] == 1]["sqlstate"]) == {b""}
    assert summary.absorbed == int(np.sum(again["attempts"] - 1))
    assert {(error.sqlstate, error.message) for error in summary.errors} == {
        ("55P03", "canceling statement due to lock timeout")
    }
    # Due, checked out and sent are of the first execution: each lasted at least its lock_timeout and its pause.
    assert np.all(again["end_ns"] - again["start_ns"] >= 70 * NS_PER_MS)
    assert rig.conn.execute("SELECT count(*), sum(n) FROM orders").fetchone() == (2000, summary.completed)
    assert rig.conn.execute("SELECT count(*) FROM items").fetchone() == (summary.completed,)
    written = {entry.relation: entry.present for entry in summary.ledger}
    assert len(written["public.items"]) == summary.completed


def test_attempts_end_and_other_errors_are_not_retried(rig: Rig) -> None:
    retry = RetrySpec(on=("55P03",), attempts=2, backoff="1ms")
    divide = OperationSpec(name="divide", sql="SELECT 1 / 0", expected=("22012",))
    settings = {"lock_timeout": "30ms"}
    run(
        rig,
        WRITE,
        divide,
        seconds=0.4,
        locked=0.4,
        rate=100,
        actors=8,
        retry=retry,
        settings=settings,
        pool_timeout="10s",
    )
    records = rig.records()
    failed = records[(records["operation"] == 0) & (records["outcome"] == Outcome.ERROR)]
    assert len(failed) > 0
    assert set(failed["sqlstate"]) == {b"55P03"}
    assert set(failed["attempts"]) == {2}
    divided = records[records["operation"] == 1]
    assert set(divided["sqlstate"]) == {b"22012"}
    assert set(divided["attempts"]) == {1}


def test_a_script_is_run_again_with_the_same_random_numbers(rig: Rig) -> None:
    """The first execution of each operation fails after it has kept its number by autocommit."""
    (rig.folder / "again.sql").write_text(
        "\\set place random(1, 1000000000)\n"
        "INSERT INTO items VALUES (1, :place, 'first') ON CONFLICT DO NOTHING;\n"
        "SELECT count(*) AS seen FROM items WHERE order_id = 2 AND place = :place \\gset\n"
        "INSERT INTO items VALUES (2, :place, 'second') ON CONFLICT DO NOTHING;\n"
        "SELECT 1 / :seen;\n"
    )
    again = OperationSpec(name="again", pgbench="again.sql", retry=RetrySpec(on=("22012",), attempts=2, backoff="1ms"))
    summary = run(rig, again, seconds=0.6, rate=40, actors=3)
    records = rig.records()
    assert summary.completed == summary.offered > 5
    assert set(records["attempts"]) == {2}
    assert rig.conn.execute("SELECT order_id, count(*) FROM items GROUP BY 1 ORDER BY 1").fetchall() == [
        (1, summary.completed),
        (2, summary.completed),
    ]


def test_a_retry_survives_the_loss_of_its_connection(rig: Rig) -> None:
    sleepy = OperationSpec(
        name="sleepy", sql="SELECT pg_sleep(0.1)", retry=RetrySpec(on=("57P01", "08006"), attempts=5, backoff="10ms")
    )
    process = rig.start(sleepy, rate=20, actors=3)
    process.begin()
    time.sleep(0.5)
    rig.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^rehearse/traffic'"
    )
    time.sleep(1.0)
    summary = process.stop(drain_ns=3 * NS_PER_S)
    assert summary.failed == 0
    assert summary.completed == summary.offered == len(rig.records())
    assert summary.absorbed >= 1


@pytest.mark.parametrize("protocol", [Protocol.PREPARED, Protocol.EXTENDED])
def test_a_pipeline_is_one_transaction_and_fewer_round_trips(rig: Rig, protocol: Protocol) -> None:
    piped = OperationSpec(
        name="piped",
        sql=(
            "INSERT INTO items VALUES (1, :place, 'a')",
            "INSERT INTO items VALUES (2, :place, 'b')",
            "UPDATE orders SET n = n + 1 WHERE id = 7",
        ),
        params={"place": "int(1, 2000000000)"},
        pipeline=True,
    )
    bad = OperationSpec(
        name="bad", sql=("INSERT INTO items VALUES (3, 3, 'c')", "SELECT 1 / 0", "SELECT 2"), pipeline=True
    )
    summary = run(rig, piped, bad, seconds=0.7, rate=60, actors=3, protocol=protocol, arrival=Arrival.UNIFORM)
    records = rig.records()
    good = records[records["operation"] == 0]
    assert set(good["outcome"]) == {Outcome.OK}
    assert set(of(records, 1)["sqlstate"]) == {b"22012"}
    assert set(of(records, 1)["statement"]) == {1}
    counts = rig.conn.execute("SELECT order_id, count(*) FROM items GROUP BY 1 ORDER BY 1").fetchall()
    assert counts == [(1, len(good)), (2, len(good))]
    assert rig.conn.execute("SELECT n FROM orders WHERE id = 7").fetchone() == (len(good),)
    (items,) = summary.ledger
    assert len(items.present) == 2 * len(good)


def of(records: OperationRecords, operation: int) -> OperationRecords:
    found: OperationRecords = records[records["operation"] == operation]
    return found


PIPED = """\\startpipeline
INSERT INTO items VALUES (1, :client_id * 1000000 + :n, 'a');
\\syncpipeline
INSERT INTO items VALUES (2, :client_id * 1000000 + :n, 'b');
SELECT 1 / :zero;
INSERT INTO items VALUES (3, :client_id * 1000000 + :n, 'c');
\\endpipeline
"""


def test_an_error_skips_the_rest_of_a_pipeline_up_to_its_sync(rig: Rig) -> None:
    (rig.folder / "piped.sql").write_text("\\set n random(1, 900000)\n" + PIPED)
    piped = OperationSpec(name="piped", pgbench="piped.sql", params={"zero": 0})
    summary = run(rig, piped, seconds=0.5, rate=40, actors=2)
    assert summary.failed == summary.offered > 5
    assert {(e.sqlstate, e.statement) for e in summary.errors} == {("22012", 2)}
    found = rig.conn.execute("SELECT order_id, count(*) FROM items GROUP BY 1").fetchall()
    assert found == [(1, summary.offered)]


def test_shell_commands_set_variables_and_fail_operations(rig: Rig, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (rig.folder / "shell.sql").write_text(
        f"\\setshell n expr 40 + :two\n\\shell echo :n >> {mark}\nINSERT INTO items VALUES (:n, :client_id, 'x')"
        " ON CONFLICT DO NOTHING;\n"
    )
    (rig.folder / "bad.sql").write_text("\\shell exit 3\nSELECT 1;\n")
    (rig.folder / "words.sql").write_text("\\setshell n echo many words\nSELECT :n;\n")
    names = ("shell", "bad", "words")
    operations = [
        OperationSpec(name=name, pgbench=f"{name}.sql", params={"two": 2} if name == "shell" else {}) for name in names
    ]
    run(rig, *operations, seconds=0.8, rate=30, actors=2)
    records = rig.records()
    assert set(of(records, 0)["outcome"]) == {Outcome.OK}
    assert set(mark.read_text().split()) == {"42"}
    assert len(mark.read_text().split()) == len(of(records, 0))
    assert rig.conn.execute("SELECT DISTINCT order_id FROM items").fetchall() == [(42,)]
    for operation in (1, 2):
        assert set(of(records, operation)["sqlstate"]) == {b"38000"}
