"""Execution on a real server: transactions, failures and what they leave, retries, cancelling, Prisma's state."""

import threading
import time
from pathlib import Path

import pytest

from harness.events.migration import (
    LocksTaken,
    StatementEnded,
    StatementStarted,
    StepEnded,
    StepStarted,
    TransactionEnded,
    WorkDone,
)
from harness.model.clock import RunClock
from harness.model.words import Direction, Pass
from harness.rehearsal.migration.prisma import only_pending
from harness.rehearsal.migration.runner import RunOutcome, SqlRunner
from harness.rehearsal.migration.sources import build_plan
from harness.spec.scenario import MigrationSpec
from tests.postgres.migration.conftest import AS_WRITTEN, Database, Rehearse, scenario_of

pytestmark = pytest.mark.postgres

_BOTH = (Direction.UP, Direction.DOWN)


def _make(database: Database, sql: str) -> None:
    with database.connect() as connection:
        connection.execute(sql.encode())


def _answer(database: Database, sql: str) -> object:
    with database.connect() as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row[0] if row else None


def test_up_and_down_in_a_transaction_each(database: Database, rehearse: Rehearse) -> None:
    files = {
        "1_a.up.sql": "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2);",
        "1_a.down.sql": "DROP TABLE t",
        "2_b.up.sql": "ALTER TABLE t ADD c text DEFAULT 'é%s'",
        "2_b.down.sql": "ALTER TABLE t DROP c",
    }
    run = rehearse(database, files, directions=_BOTH)
    assert run.outcomes[Direction.UP] == RunOutcome(applied=("1_a", "2_b"))
    assert run.outcomes[Direction.DOWN] == RunOutcome(applied=("2_b", "1_a"))
    started = run.of(StatementStarted)
    assert [(e.statement, e.transaction, e.autocommit, e.tag) for e in started] == [
        ("S1", 1, False, "CREATE TABLE"),
        ("S2", 1, False, "INSERT"),
        ("S3", 2, False, "ALTER TABLE"),
        ("R1", 3, False, "ALTER TABLE"),
        ("R2", 4, False, "DROP TABLE"),
    ]
    assert [e.rows for e in run.of(StatementEnded)] == [None, 2, None, None, None]
    assert [(e.transaction, e.committed) for e in run.of(TransactionEnded)] == [(n, True) for n in (1, 2, 3, 4)]
    times = [event.at_ns for event in run.events]
    assert times == sorted(times)


def test_a_failing_step_is_rolled_back_and_nothing_is_left(database: Database, rehearse: Rehearse) -> None:
    run = rehearse(database, {"up.sql": "CREATE TABLE t (id int);\nSELECT 'é', * FROM nowhere; SELECT 1"})
    outcome = run.outcomes[Direction.UP]
    assert (outcome.ok, outcome.sqlstate, outcome.failed_step) == (False, "42P01", "up")
    ended = run.of(StatementEnded)[-1]
    assert (ended.statement, ended.sqlstate, ended.position, ended.left_behind) == ("S2", "42P01", 20, ())
    assert [e.committed for e in run.of(TransactionEnded)] == [False]
    assert _answer(database, "SELECT to_regclass('t')") is None


def test_a_committed_half_and_an_invalid_index_are_left_behind(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)")
    run = rehearse(database, {"up.sql": "ALTER TABLE t ADD c int; CREATE UNIQUE INDEX CONCURRENTLY i ON t (id);"})
    ended = run.of(StatementEnded)[-1]
    assert ended.sqlstate == "23505"
    assert ended.left_behind == ("invalid index public.i", "column public.t.c")
    assert [(e.autocommit, e.transaction) for e in run.of(StatementStarted)] == [(True, 1), (True, 2)]


def test_values_of_rows_do_not_get_into_messages(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (mail text UNIQUE); INSERT INTO t VALUES ('anna@example.org')")
    for sql in ("INSERT INTO t SELECT mail FROM t", "ALTER TABLE t ALTER mail TYPE int USING mail::int"):
        ended = rehearse(database, {"up.sql": sql}).of(StatementEnded)[-1]
        assert ended.sqlstate
        assert "anna" not in ended.message


def test_as_written_a_transaction_left_open_is_rolled_back(database: Database, rehearse: Rehearse) -> None:
    run = rehearse(database, {"up.sql": "BEGIN; CREATE TABLE t (id int); COMMIT; BEGIN; CREATE TABLE u (id int);"})
    assert run.outcomes[Direction.UP].ok
    assert [(e.transaction, e.committed) for e in run.of(TransactionEnded)] == [(1, True), (2, False)]
    assert [e.statement for e in run.of(StatementStarted)] == ["S1", "S2"]
    assert _answer(database, "SELECT to_regclass('u')") is None


def test_timeouts_in_force_are_known_per_statement(database: Database, rehearse: Rehearse) -> None:
    script = """
    SET statement_timeout = '1min';
    BEGIN; SET LOCAL lock_timeout = '1500ms'; SELECT 1; COMMIT;
    SELECT 2; RESET statement_timeout; SELECT 3;"""
    run = rehearse(database, {"up.sql": script}, lock_timeout="2s")
    timeouts = {e.sql: (e.lock_timeout_ms, e.statement_timeout_ms) for e in run.of(StatementStarted)}
    assert timeouts["SELECT 1"] == (1500, 60_000)
    assert timeouts["SELECT 2"] == (2000, 60_000)
    assert timeouts["SELECT 3"] == (2000, 0)


def test_a_step_that_met_a_lock_is_retried_from_its_transaction(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int); CREATE TABLE u (id int)")
    with database.connect() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE u IN ACCESS SHARE MODE")
        release = threading.Timer(0.4, blocker.execute, ["COMMIT"])
        release.start()
        files = {"up.sql": "ALTER TABLE t ADD c int; ALTER TABLE u ADD c int;"}
        run = rehearse(database, files, lock_timeout="50ms", retries=20, retry_delay="20ms")
        release.join()
    assert run.outcomes[Direction.UP].ok
    attempts = run.of(StepStarted)
    assert [e.attempt for e in attempts] == list(range(1, len(attempts) + 1))
    assert len(attempts) > 1
    ended = run.of(StepEnded)
    assert [(e.sqlstate, e.will_retry) for e in ended[:-1]] == [("55P03", True)] * (len(ended) - 1)
    assert [e.statement for e in run.of(StatementStarted, attempt=len(attempts))] == ["S1", "S2"]
    assert _answer(database, "SELECT count(*) FROM pg_attribute WHERE attname = 'c' AND attnum > 0") == 2


def test_outside_a_transaction_only_the_failed_statement_is_retried(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int); CREATE TABLE u (id int)")
    with database.connect() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE u IN ACCESS SHARE MODE")
        release = threading.Timer(0.3, blocker.execute, ["COMMIT"])
        release.start()
        script = "ALTER TABLE t ADD c int; ALTER TABLE u ADD c int;"
        run = rehearse(
            database, {"up.sql": script}, transaction="as-written", lock_timeout="50ms", retries=20, retry_delay="20ms"
        )
        release.join()
    assert run.outcomes[Direction.UP].ok
    assert len(run.of(StatementStarted, statement="S1")) == 1
    assert len(run.of(StatementStarted, statement="S2")) > 1
    assert run.of(StatementEnded, sqlstate="55P03")[0].left_behind == ("column public.t.c",)


def test_retries_end(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int)")
    with database.connect() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE t IN ACCESS SHARE MODE")
        files = {"up.sql": "ALTER TABLE t ADD c int"}
        run = rehearse(database, files, lock_timeout="20ms", retries=2, retry_delay="10ms")
    assert run.outcomes[Direction.UP].sqlstate == "55P03"
    assert [e.will_retry for e in run.of(StepEnded)] == [True, True, False]


def test_cancel_from_another_thread(database: Database, tmp_path: Path) -> None:
    (tmp_path / "up.sql").write_text("CREATE TABLE t (id int); SELECT pg_sleep(60); CREATE TABLE u (id int);")
    spec = MigrationSpec()
    plan = build_plan(scenario_of(spec, down=False), folder=tmp_path)
    events: list[object] = []
    started = time.monotonic()
    with SqlRunner(
        plan, spec=spec, server=database, pass_=Pass.LOAD, clock=RunClock.start(), sink=events.append
    ) as runner:
        timer = threading.Timer(0.3, runner.cancel)
        timer.start()
        outcome = runner.run(Direction.UP)
        timer.join()
    assert time.monotonic() - started < 30
    assert (outcome.cancelled, outcome.sqlstate) == (True, "57014")
    assert _answer(database, "SELECT to_regclass('t')") is None


def test_a_lost_connection_is_a_failure_not_a_crash(database: Database, rehearse: Rehearse) -> None:
    run = rehearse(database, {"up.sql": "SELECT pg_terminate_backend(pg_backend_pid()); SELECT 1"})
    assert run.outcomes[Direction.UP].sqlstate == "57P01"


_PRISMA = {
    "migrations/1_a/migration.sql": "CREATE TABLE t (id int); CREATE TABLE u (id int);",
    "migrations/1_a/down.sql": "DROP TABLE t, u",
    "migrations/2_b/migration.sql": "CREATE INDEX CONCURRENTLY i ON t (id)",
    "migrations/2_b/down.sql": "DROP INDEX i",
    "migrations/migration_lock.toml": 'provider = "postgresql"',
}


def test_prisma_state_makes_steps_pending_and_applied(database: Database, rehearse: Rehearse, tmp_path: Path) -> None:
    run = rehearse(database, {**_PRISMA, "migrations/3_c/migration.sql": "SELECT 1;"}, path="migrations")
    assert run.outcomes[Direction.UP].applied == ("1_a", "2_b", "3_c")
    assert [(e.autocommit, e.transaction) for e in run.of(StatementStarted)] == [
        (False, 1), (False, 1), (True, 2), (True, 3),
    ]  # fmt: skip
    (tmp_path / "migrations/4_d").mkdir()
    (tmp_path / "migrations/4_d/migration.sql").write_text("SELECT 4")
    spec = MigrationSpec(path="migrations")
    plan = only_pending(build_plan(scenario_of(spec, down=False), folder=tmp_path), server=database)
    assert [(step.name, step.up.statements[0].id) for step in plan.steps] == [("4_d", "S1")]


def test_prisma_way_back_leaves_no_trace(database: Database, rehearse: Rehearse) -> None:
    run = rehearse(database, _PRISMA, directions=_BOTH, path="migrations")
    assert run.outcomes[Direction.DOWN].applied == ("2_b", "1_a")
    assert _answer(database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0


def test_prisma_fails_where_the_tool_does(database: Database, rehearse: Rehearse) -> None:
    files = {"m/1_a/migration.sql": "CREATE TABLE t (id int); CREATE INDEX CONCURRENTLY i ON t (id);"}
    run = rehearse(database, files, path="m")
    assert run.outcomes[Direction.UP].sqlstate == "25001"
    assert _answer(database, "SELECT to_regclass('t')") is None
    assert _answer(database, "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL") == 1


def test_prisma_files_with_a_transaction_of_their_own(database: Database, rehearse: Rehearse) -> None:
    script = "CREATE TABLE a (id int); BEGIN; CREATE TABLE b (id int); COMMIT; CREATE TABLE c (id int); SELECT 1/0;"
    run = rehearse(database, {"m/1_a/migration.sql": script}, path="m")
    assert run.outcomes[Direction.UP].sqlstate == "22012"
    assert [e.transaction for e in run.of(StatementStarted)] == [1, 1, 2, 2]
    assert _answer(database, "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b', 'c')") == 2


def test_the_trace_knows_relations_that_are_new_renamed_or_dropped(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int PRIMARY KEY, c text); CREATE TABLE gone (id int); INSERT INTO t VALUES (1)")
    script = """ALTER TABLE t RENAME TO renamed; CREATE TABLE fresh (id int); CREATE INDEX i ON renamed (c);
    DROP TABLE gone; TRUNCATE renamed;"""
    run = rehearse(database, {"up.sql": script}, trace=True)
    locks = {
        (e.statement, lock.relation): (lock.mode, lock.existed, lock.kind)
        for e in run.of(LocksTaken)
        for lock in e.locks
    }
    assert locks["S1", "public.t"] == ("AccessExclusiveLock", True, "r")
    assert locks["S2", "public.fresh"] == ("AccessExclusiveLock", False, "r")
    assert locks["S4", "public.gone"] == ("AccessExclusiveLock", True, "r")
    assert not any(statement == "S3" and name == "public.t" for statement, name in locks), "t is held more strongly"
    assert all(e.exact for e in run.of(LocksTaken))
    work = {(e.statement, e.relation): e for e in run.of(WorkDone)}
    assert work["S4", "public.gone"].dropped
    assert (work["S5", "public.t"].truncated, work["S5", "public.t"].rewritten) == (True, False)
    assert work["S5", "public.t"].rows_before == 1
    assert work["S3", "public.t"].rows_scanned == 1


def test_the_trace_leaves_the_migration_as_it_is(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 10)")
    script = """SET statement_timeout = '5s'; UPDATE t SET id = id + 1;
    DO $$ BEGIN DELETE FROM t WHERE id < 4; COMMIT; END $$;"""
    run = rehearse(database, {"up.sql": script}, trace=True, transaction=AS_WRITTEN.value)
    assert run.outcomes[Direction.UP].ok
    assert [(e.statement, e.autocommit, e.statement_timeout_ms) for e in run.of(StatementStarted)] == [
        ("S1", True, 0),
        ("S2", True, 5000),
        ("S3", True, 5000),
    ]
    work = {e.statement: e for e in run.of(WorkDone)}
    assert (work["S2"].rows_updated, work["S2"].rows_before) == (10, 10)
    assert work["S3"].rows_deleted == 2
    assert [(e.statement, e.exact) for e in run.of(LocksTaken)] == [("S2", True), ("S3", False)]


def test_a_failed_statement_is_run_again_only_to_look(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
    script = "BEGIN; INSERT INTO t VALUES (2); UPDATE t SET id = id / 0; COMMIT;"
    run = rehearse(database, {"up.sql": script}, trace=True)
    assert run.outcomes[Direction.UP].sqlstate == "22012"
    assert [(e.statement, e.exact) for e in run.of(LocksTaken)] == [("S1", True), ("S2", False)]
    assert _answer(database, "SELECT count(*) FROM t") == 1


def test_a_commit_that_fails_is_told(database: Database, rehearse: Rehearse) -> None:
    _make(
        database,
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
    )
    run = rehearse(database, {"up.sql": "INSERT INTO t VALUES (1); SELECT 1"})
    assert run.outcomes[Direction.UP].sqlstate == "23503"
    assert [(e.statement, e.sqlstate) for e in run.of(StatementEnded)] == [("S1", ""), ("S2", ""), ("S2c", "23503")]
    assert run.of(StatementStarted)[-1].tag == "COMMIT"
    assert [e.committed for e in run.of(TransactionEnded)] == [False]


def test_the_trace_does_not_count_its_own_reading(database: Database, rehearse: Rehearse) -> None:
    _make(database, "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 5000)")
    run = rehearse(database, {"up.sql": "VACUUM t; CREATE INDEX CONCURRENTLY i ON t (id);"}, trace=True)
    work = {e.statement: e for e in run.of(WorkDone)}
    assert "S1" not in work
    assert (work["S2"].rows_scanned, work["S2"].rows_before) == (10_000, 5000)
