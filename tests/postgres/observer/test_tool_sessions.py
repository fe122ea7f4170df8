"""Sessions that are not ours: a migration tool's process, with and without a name of its own."""

import contextlib
import subprocess
import threading
from typing import Any

import psycopg
import pytest

from harness.events.migration import LocksTaken, StatementEnded, StatementStarted, TransactionEnded
from harness.events.observation import DdlLogged, SessionSeen
from harness.events.run import QualityNoted
from harness.model.units import NS_PER_MS
from harness.model.words import Direction, Pass, Role
from harness.postgres.binaries import find_client
from harness.postgres.ports import Server
from harness.rehearsal.tool_pause import resting

pytestmark = [pytest.mark.postgres, pytest.mark.alone]

SCRIPT = """
SET lock_timeout = '2s';
BEGIN;
CREATE TABLE notes (id int PRIMARY KEY, owner text DEFAULT 'nobody');
ALTER TABLE orders ADD COLUMN note text;
SELECT pg_sleep(0.2);
COMMIT;
CREATE INDEX CONCURRENTLY orders_note ON orders (note);
INSERT INTO notes VALUES (1, 'anna@example.org');
SELECT * FROM missing WHERE owner = 'bert@example.org';
BEGIN;
DROP TABLE notes;
ROLLBACK;
"""


def run_tool(server: Server, script: str, **environment: str) -> None:
    psql = str(find_client("psql", 18))
    env = {**server.environment(application_name=Role.MIGRATION.application_name), **environment}
    command = [psql, "--no-psqlrc", "--quiet", "--file", "-"]
    done = subprocess.run(command, input=script, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def check_script(watch: Any) -> None:
    started = {event.statement: event for event in watch.of(StatementStarted)}
    ended = {event.statement: event for event in watch.of(StatementEnded)}
    tags = [event.tag for event in started.values()]
    assert tags == [
        "SET", "CREATE TABLE", "ALTER TABLE", "SELECT", "CREATE INDEX CONCURRENTLY", "INSERT", "SELECT", "DROP TABLE",
    ]  # fmt: skip
    assert list(started) == [f"S{number}" for number in range(1, 9)] == list(ended)
    numbers = [event.transaction for event in started.values()]
    assert numbers == [1, 2, 2, 2, 3, 4, 5, 6]
    assert [event.autocommit for event in started.values()] == [True, False, False, False, True, True, True, False]
    transactions = {event.transaction: event.committed for event in watch.of(TransactionEnded)}
    assert transactions == {1: True, 2: True, 3: True, 4: True, 5: False, 6: False}
    assert [event.sqlstate for event in ended.values()] == ["", "", "", "", "", "", "42P01", ""]
    for statement, event in started.items():
        assert event.direction is Direction.UP
        assert event.fingerprint
        assert event.at_ns <= ended[statement].at_ns
    slept = ended["S4"].at_ns - started["S4"].at_ns
    assert 198 * NS_PER_MS <= slept <= 300 * NS_PER_MS
    assert "anna" not in started["S6"].sql
    assert "bert" not in started["S7"].sql
    assert "DEFAULT 'nobody'" in started["S2"].sql


def test_a_tool_that_carries_the_name(prepared: Server, make_watch: Any) -> None:
    watch = make_watch(prepared)
    watch.observer.start()
    watch.observer.migration_started(Direction.UP, tool=True)
    run_tool(prepared, SCRIPT)
    watch.observer.migration_ended()
    watch.observer.stop()

    check_script(watch)
    started = watch.of(StatementStarted)
    assert started[0].lock_timeout_ms == 2000
    assert [event.lock_timeout_ms for event in started[1:]] == [2000] * 7
    taken = {event.statement: event for event in watch.of(LocksTaken)}
    locks = {(lock.relation, lock.mode) for lock in taken["S3"].locks}
    assert ("public.orders", "AccessExclusiveLock") in locks
    assert not any(event.exact for event in taken.values())


def test_with_duration_lines_alone(prepared: Server, make_watch: Any) -> None:
    watch = make_watch(prepared)
    watch.observer.start()
    watch.observer.migration_started(Direction.UP, tool=True)
    run_tool(prepared, SCRIPT, PGOPTIONS="-c log_min_duration_statement=0 -c log_statement=none")
    watch.observer.migration_ended()
    watch.observer.stop()

    check_script(watch)


def test_a_tool_that_hides_its_name_in_the_extended_protocol(prepared: Server, make_watch: Any) -> None:
    watch = make_watch(prepared, pass_=Pass.TRACE, busy_interval_ns=NS_PER_MS)
    watch.observer.start()
    before = watch.session(Role.OTHER)
    with psycopg.connect(prepared.conninfo(application_name="someone else"), autocommit=True) as stranger:
        watch.observer.migration_started(Direction.DOWN, tool=True)
        conninfo = prepared.conninfo(application_name="PostgreSQL JDBC Driver")
        with psycopg.connect(conninfo) as tool:
            pid = tool.info.backend_pid
            tool.execute("ALTER TABLE orders ADD COLUMN %s text".replace("%s", "extra"), prepare=True)
            tool.execute("UPDATE orders SET extra = %s WHERE id < %s", ("cara@example.org", 10))
            threading.Event().wait(0.1)
        stranger.execute("SELECT 1")
        before.execute("SELECT 1")
        watch.observer.migration_ended()
    watch.observer.stop()

    # psycopg deallocates its prepared statements after an ALTER.
    started = [event for event in watch.of(StatementStarted) if event.tag != "DEALLOCATE"]
    assert [(event.tag, event.pid) for event in started] == [("ALTER TABLE", pid), ("UPDATE", pid)]
    assert started[0].statement == "R1"
    assert {event.transaction for event in started} == {1}
    assert [event.committed for event in watch.of(TransactionEnded)] == [True]
    assert all("cara" not in event.sql for event in started)
    assert {seen.role for seen in watch.of(SessionSeen) if seen.pid == pid} == {Role.MIGRATION}
    assert any(str(pid) in note.message for note in watch.of(QualityNoted))
    taken = {event.statement: {(lock.relation, lock.mode) for lock in event.locks} for event in watch.of(LocksTaken)}
    assert ("public.orders", "AccessExclusiveLock") in taken["R1"]


def test_statements_of_definition_are_told_wherever_they_stand(prepared: Server, make_watch: Any) -> None:
    watch = make_watch(prepared)
    watch.observer.start()
    with (
        psycopg.connect(prepared.conninfo(application_name="pooler"), autocommit=True) as pooled,
        resting(prepared, rest_s=0),
    ):
        unnamed = pooled.info.backend_pid
        watch.observer.migration_started(Direction.UP, tool=True)
        run_tool(
            prepared,
            "CREATE FUNCTION change() RETURNS void LANGUAGE sql AS 'ALTER TABLE orders ALTER COLUMN id TYPE bigint';"
            "SELECT change(); CREATE TABLE spare (a int); DROP TABLE spare;",
        )
        pooled.execute("ALTER TABLE orders ADD COLUMN late int")
        watch.observer.migration_ended()
    watch.observer.stop()

    told = [(ddl.trigger, ddl.command, ddl.objects) for ddl in watch.of(DdlLogged)]
    assert told == [
        ("ddl_command_end", "CREATE FUNCTION", ("public.change()",)),
        ("table_rewrite", "ALTER TABLE", ("public.orders",)),
        ("ddl_command_end", "ALTER TABLE", ("public.orders",)),
        ("ddl_command_end", "CREATE TABLE", ("public.spare",)),
        ("sql_drop", "DROP TABLE", ("public.spare",)),
        ("ddl_command_end", "DROP TABLE", ()),
        ("ddl_command_end", "ALTER TABLE", ("public.orders",)),
    ]
    rewritten = watch.of(DdlLogged)[1]
    (caller,) = [event for event in watch.of(StatementStarted) if event.tag == "SELECT"]
    (ended,) = [event for event in watch.of(StatementEnded) if event.statement == caller.statement]
    assert rewritten.pid == caller.pid
    assert caller.at_ns - rewritten.error_ns <= rewritten.at_ns <= ended.at_ns + rewritten.error_ns
    assert watch.of(DdlLogged)[-1].pid == unnamed
    assert any("was there before the tool" in note.message for note in watch.of(QualityNoted))


def test_the_databases_own_settings_come_back(prepared: Server, make_watch: Any) -> None:
    query = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 0 AND setdatabase <> 0"
    with psycopg.connect(prepared.conninfo(application_name="rehearse/harness"), autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'ddl'")
        connection.execute(f"ALTER DATABASE \"{name}\" SET work_mem = '8MB'")
        before = connection.execute(query).fetchall()
        watch = make_watch(prepared)
        watch.observer.start()
        watch.observer.migration_started(Direction.UP, tool=True)
        assert connection.execute(query).fetchall() != before
        watch.observer.stop()
        after = connection.execute(query).fetchall()
    assert [sorted(row[0]) for row in after] == [sorted(row[0]) for row in before]


def test_a_failed_transaction_and_a_query_string_of_several(prepared: Server, make_watch: Any) -> None:
    watch = make_watch(prepared)
    watch.observer.start()
    watch.observer.migration_started(Direction.UP, tool=True)
    with contextlib.closing(watch.session(Role.MIGRATION)) as tool:
        tool.execute("BEGIN; ALTER TABLE orders ADD COLUMN a int; CREATE INDEX ON orders (a); COMMIT")
        tool.execute("BEGIN")
        with pytest.raises(psycopg.errors.DuplicateColumn):
            tool.execute("ALTER TABLE orders ADD COLUMN a int")
        tool.execute("COMMIT")
        with pytest.raises(psycopg.errors.SyntaxError):
            tool.execute("ALTER TABEL orders ADD COLUMN b int")
        tool.execute("BEGIN")
        tool.execute("ALTER TABLE orders ADD COLUMN b int")
    watch.observer.migration_ended()
    watch.observer.stop()

    started = watch.of(StatementStarted)
    assert [event.tag for event in started] == [
        "ALTER TABLE; CREATE INDEX", "ALTER TABLE", "ALTER TABEL", "ALTER TABLE",
    ]  # fmt: skip
    assert [event.sqlstate for event in watch.of(StatementEnded)] == ["", "42701", "42601", ""]
    assert watch.of(StatementEnded)[2].position == 7
    ended = {event.transaction: event.committed for event in watch.of(TransactionEnded)}
    assert ended == {1: True, 2: False, 3: False, 4: False}
