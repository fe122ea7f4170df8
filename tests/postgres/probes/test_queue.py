"""The queue probe on real servers: who waits behind one long transaction, by construction."""

import sys
from pathlib import Path

import pytest

from harness.events.probes import QueueProbed
from harness.events.run import PhaseEnded
from harness.model.units import NS_PER_MS
from harness.model.words import Pass, PhaseKind
from tests.postgres.probes.probing import quiet_run

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

_LATE_NS = 400 * NS_PER_MS
"""A timeout strikes late on a busy machine, and never early."""

_SETUP = """
    CREATE TABLE unbounded (id int PRIMARY KEY, a int);
    CREATE TABLE bounded (id int PRIMARY KEY, a int);
    CREATE TABLE indexed (id int PRIMARY KEY, a int);
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int PRIMARY KEY, parent int);
    CREATE TABLE thinned (id int PRIMARY KEY, a int);
    CREATE INDEX thinned_a ON thinned (a);
    CREATE TABLE built (id int PRIMARY KEY, a int);
    CREATE TABLE looped (id int PRIMARY KEY, a int);
    INSERT INTO unbounded SELECT g, g FROM generate_series(1, 100) g;
    INSERT INTO bounded SELECT g, g FROM generate_series(1, 100) g;
    """
_UP = """
    ALTER TABLE unbounded ADD COLUMN note text;
    SET lock_timeout = '300ms';
    BEGIN;
    UPDATE bounded SET a = a + 1 WHERE id < 10;
    ALTER TABLE bounded ADD COLUMN note text;
    COMMIT;
    CREATE INDEX indexed_a ON indexed (a);
    ALTER TABLE child ADD FOREIGN KEY (parent) REFERENCES parent;
    DROP INDEX thinned_a;
    CREATE INDEX CONCURRENTLY built_a ON built (a);
    RESET lock_timeout;
    DO $$ BEGIN
      PERFORM set_config('lock_timeout', '150ms', true);
      FOR attempt IN 1..3 LOOP
        BEGIN
          ALTER TABLE looped ADD COLUMN note text;
          RETURN;
        EXCEPTION WHEN lock_not_available THEN PERFORM pg_sleep(0.05);
        END;
      END LOOP;
      RAISE lock_not_available;
    END $$;
    """
_NO_WAY_BACK = """
    [rollback]
    run = false
    restore = "none"
    reason = "a test"
    """


@pytest.fixture(scope="module")
def probed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, QueueProbed]:
    """The experiments by their tables."""
    scenario = f'[migration]\nup = "up.sql"\ntransaction = "as-written"\n{_NO_WAY_BACK}\n[probe]\nversions = false'
    files = {"setup.sql": _SETUP, "up.sql": _UP}
    history = quiet_run(scenario, files, folder=tmp_path_factory.mktemp("queue"), home=home)
    assert [e.ok for e in history.of(PhaseEnded) if e.phase is PhaseKind.QUEUE] == [True]
    return {event.relation.removeprefix("public."): event for event in history.of(QueueProbed)}


def test_every_table_was_stood_on(probed: dict[str, QueueProbed]) -> None:
    tables = ("unbounded", "bounded", "indexed", "parent", "child", "thinned", "built", "looped")
    assert sorted(probed) == sorted(tables)
    assert {event.pass_ for event in probed.values()} == {Pass.PROBE}


def test_a_request_without_a_bound_still_waits_and_everybody_behind_it(probed: dict[str, QueueProbed]) -> None:
    event = probed["unbounded"]
    assert (event.outcome, event.antagonist, event.waited_for) == ("waiting", "reader", "relation")
    assert event.waited_ns is not None
    assert event.waited_ns >= 2_600 * NS_PER_MS
    assert event.reads_queued
    assert event.writes_queued
    assert (event.reads_queued_ns or 0) > 2_000 * NS_PER_MS


def test_lock_timeout_ends_the_wait_and_lets_the_others_through(probed: dict[str, QueueProbed]) -> None:
    event = probed["bounded"]
    assert (event.statement, event.statement_waited) == ("S4", "")
    assert (event.outcome, event.sqlstate, event.waits) == ("cancelled", "55P03", 1)
    waited_ns = event.waited_ns or 0
    assert 300 * NS_PER_MS - event.error_ns <= waited_ns <= 300 * NS_PER_MS + _LATE_NS
    assert event.reads_queued
    assert (event.reads_queued_ns or 0) < waited_ns


@pytest.mark.parametrize("table", ["indexed", "parent", "child"])
def test_a_lock_that_lets_readers_through_makes_only_writers_queue(probed: dict[str, QueueProbed], table: str) -> None:
    event = probed[table]
    assert (event.antagonist, event.outcome, event.sqlstate) == ("writer", "cancelled", "55P03")
    assert (event.reads_queued, event.writes_queued) == (False, True)


def test_dropping_an_index_stands_in_the_way_of_its_table(probed: dict[str, QueueProbed]) -> None:
    event = probed["thinned"]
    assert (event.antagonist, event.outcome) == ("reader", "cancelled")
    assert event.reads_queued
    assert event.writes_queued


def test_a_cancelled_concurrent_build_leaves_its_half_and_nobody_queued(probed: dict[str, QueueProbed]) -> None:
    event = probed["built"]
    assert event.concurrently
    assert (event.outcome, event.sqlstate, event.waited_for) == ("cancelled", "55P03", "virtualxid")
    assert (event.reads_queued, event.writes_queued) == (False, False)
    assert event.left_behind == ("invalid index public.built_a",)


def test_a_loop_that_tries_again_is_seen_wait_by_wait(probed: dict[str, QueueProbed]) -> None:
    event = probed["looped"]
    assert (event.outcome, event.sqlstate, event.waits) == ("cancelled", "55P03", 3)
    assert (event.waited_ns or 0) < 150 * NS_PER_MS + _LATE_NS


_TOOL = """
    import psycopg
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("ALTER TABLE unbounded ADD COLUMN note text")
    """


def test_a_tool_is_watched_from_its_start(home: Path, tmp_path: Path) -> None:
    scenario = f'''
        [migration]
        tool = "command"
        command = {{ up = "{sys.executable} tool.py" }}
        {_NO_WAY_BACK}
        [probe]
        versions = false
        '''
    history = quiet_run(scenario, {"setup.sql": _SETUP, "tool.py": _TOOL}, folder=tmp_path / "tool", home=home)
    (event,) = history.of(QueueProbed)
    assert (event.relation, event.outcome) == ("public.unbounded", "waiting")
    assert event.reads_queued
    assert event.writes_queued
