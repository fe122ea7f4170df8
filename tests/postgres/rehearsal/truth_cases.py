"""Rehearsals whose truth is known: every scenario carries a stopwatch, and what the run reports is held against it.

The stopwatch is a table that only the scenario's own SQL writes, with the server's clock; invariants of the scenario
bring its figures out of the clone. On a busy machine a sleep of 250 ms lasts longer: the stopwatch says how long, so
the tolerances are those of the measurement alone.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from harness.analysis.facts import WorkFacts
from harness.cli.conclude import Conclusion
from harness.model.units import NS_PER_MS
from harness.model.words import Direction
from harness.rehearsal.journal.reader import read_history
from harness.report.rehearsal_json import render_json
from tests.postgres.rehearsal.rehearsals import Rehearsals, said, statement

TOLERANCE_NS = 5 * NS_PER_MS
ACTORS = 5

_SEED = """
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 1000) AS i;
    CREATE TABLE bystanders (id int PRIMARY KEY, seen int NOT NULL DEFAULT 0);
    INSERT INTO bystanders SELECT i FROM generate_series(1, 1000) AS i;
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id int NOT NULL);

    CREATE TABLE stopwatch (what text, figure bigint);
    CREATE FUNCTION micros(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint LANGUAGE sql
        AS 'SELECT (extract(epoch FROM at) * 1000000)::bigint';
    CREATE VIEW queued AS
        SELECT pid, waitstart FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND relation = 'accounts'::regclass AND application_name LIKE 'rehearse/traffic%';
    """

# What the scenario's SQL puts on the stopwatch when it is about to let go of its lock.
_ACCOUNT_OF_QUEUE = """
    INSERT INTO stopwatch SELECT 'queued', count(DISTINCT pid) FROM queued;
    INSERT INTO stopwatch SELECT 'queued for long', count(DISTINCT pid) FROM queued
        WHERE waitstart < clock_timestamp() - interval '20ms';
    INSERT INTO stopwatch SELECT 'first queued', micros(min(waitstart)) FROM queued;
    """

_LOCK_FOR = """
    SET synchronous_commit = off;
    INSERT INTO stopwatch VALUES ('asked', micros());
    BEGIN;
    LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE;
    INSERT INTO stopwatch VALUES ('locked', micros());
    SELECT pg_sleep({seconds});
    {account}
    INSERT INTO stopwatch VALUES ('released', micros());
    COMMIT;
    INSERT INTO stopwatch VALUES ('gone', micros());
    """

_READ_ACCOUNTS = """
    [[traffic.operation]]
    name = "read account"
    sql = "SELECT balance FROM accounts WHERE id = :id"
    params = { id = "sample(accounts.id)" }
    """
_READ_BYSTANDERS = """
    [[traffic.operation]]
    name = "read bystander"
    sql = "SELECT seen FROM bystanders WHERE id = :id"
    params = { id = "sample(bystanders.id)" }
    """
_HOLDING = ("asked", "locked", "released", "gone", "queued", "queued for long")


@dataclass(frozen=True, slots=True)
class Between:
    """A truth known to lie between two durations, ns: the stopwatch's inner and outer readings."""

    at_least_ns: int
    at_most_ns: int

    def admits(self, found_ns: int, *, within_ns: int = TOLERANCE_NS) -> bool:
        """Whether a figure is within a tolerance of what may be the truth."""
        return self.at_least_ns - within_ns <= found_ns <= self.at_most_ns + within_ns


def scenario(
    operations: str,
    *,
    stopwatch: Iterable[str] = (),
    rate: int = 400,
    down: bool = False,
    more: str = "",
    settle: str = "1200ms",
) -> str:
    """A scenario of one file as written, with invariants that bring the stopwatch's figures out."""
    invariants = "".join(
        f"""
    [[invariant]]
    name = "{name}"
    when = "end"
    sql = "SELECT coalesce(max(figure), -1) FROM stopwatch WHERE what = '{name}'"
    """
        for name in stopwatch
    )
    return f"""
    [snapshot]
    setup = ["seed.sql"]
    [migration]
    up = "up.sql"
    {'down = "down.sql"' if down else ""}
    transaction = "as-written"
    [rollback]
    run = {str(down).lower()}
    [traffic]
    rate = {rate}
    actors = {ACTORS}
    arrival = "uniform"
    baseline = "1500ms"
    settle = "{settle}"
    {operations}
    {more}
    {invariants}
    """


def figures(conclusion: Conclusion) -> dict[str, int]:
    """The stopwatch's figures by name; times are µs of the server's clock."""
    found = {one.name: one.violations for one in conclusion.view.facts.invariants if one.moment == "end"}
    missing = [name for name, figure in found.items() if figure in (None, -1)]
    assert not missing, f"the stopwatch lacks {missing}: {said(conclusion)}"
    return {name: figure for name, figure in found.items() if figure is not None}


def between(inner: tuple[int, int], outer: tuple[int, int]) -> Between:
    """From two readings of (start µs, end µs)."""
    return Between((inner[1] - inner[0]) * 1000, (outer[1] - outer[0]) * 1000)


def holding(seconds: float) -> str:
    """SQL that holds an ACCESS EXCLUSIVE lock on accounts for so long."""
    return _LOCK_FOR.format(seconds=seconds, account=_ACCOUNT_OF_QUEUE)


class TruthCases:
    """The cases; a test module derives from it and brings the fixture `rehearsals`."""

    @pytest.mark.parametrize(
        ("operations", "rate"),
        [(_READ_ACCOUNTS, 400), (_READ_ACCOUNTS, 10), (_READ_BYSTANDERS, 400)],
        ids=["everybody queues", "some queue", "nobody needs it"],
    )
    def test_a_lock_held_for_250_ms(self, rehearsals: Rehearsals, operations: str, rate: int) -> None:
        text = scenario(operations, stopwatch=_HOLDING, rate=rate)
        done = rehearsals.run(text, {"seed.sql": _SEED, "up.sql": holding(0.25)})

        truth = figures(done)
        held = between((truth["locked"], truth["released"]), (truth["asked"], truth["gone"]))
        assert held.at_least_ns >= 250 * NS_PER_MS
        lock = statement(done.view.facts, "LOCK TABLE")
        assert lock.held_ns is not None
        assert held.admits(lock.held_ns), (held, lock.held_ns, lock.held_error_ns)
        assert held.admits(lock.held_ns, within_ns=lock.held_error_ns), (held, lock.held_ns, lock.held_error_ns)
        assert [found.mode for found in lock.locks if found.relation == "public.accounts"] == ["AccessExclusiveLock"]
        # A wait shorter than deadlock_timeout is not in the log; one that began just before the end may be that short.
        assert truth["queued for long"] <= lock.blocked_actors <= truth["queued"], said(done)
        if operations == _READ_BYSTANDERS:
            assert (lock.blocked_actors, lock.blocked_max_ns) == (0, 0)
        elif rate == 400:
            assert lock.blocked_actors == ACTORS
        others = [s for s in done.view.facts.statements if s.id != lock.id]
        assert [s.id for s in others if s.blocked] == []

    def test_a_wait_of_1500_ms(self, rehearsals: Rehearsals) -> None:
        # It lets go when the migration has waited for 1.5 s, by the server's own record of when that wait began.
        antagonist = f"""
            BEGIN;
            SET LOCAL synchronous_commit = off;
            LOCK TABLE accounts IN ACCESS SHARE MODE;
            DO $$ DECLARE began timestamptz; BEGIN
                FOR i IN 1..5000 LOOP
                    SELECT waitstart INTO began FROM pg_locks
                    WHERE NOT granted AND relation = 'accounts'::regclass AND mode = 'AccessExclusiveLock';
                    EXIT WHEN began IS NOT NULL;
                    PERFORM pg_sleep(0.002);
                END LOOP;
                INSERT INTO stopwatch VALUES ('waiting since', micros(began));
                PERFORM pg_sleep(1.45 - extract(epoch FROM clock_timestamp() - began));
                {_ACCOUNT_OF_QUEUE}
                PERFORM pg_sleep(1.5 - extract(epoch FROM clock_timestamp() - began));
                INSERT INTO stopwatch VALUES ('released', micros());
            END $$;
            COMMIT;"""
        more = f"""
    [[traffic.antagonist]]
    kind = "sql"
    before_migration = "300ms"
    sql = '''{antagonist}'''
    """
        up = """
            SET synchronous_commit = off;
            ALTER TABLE accounts ADD COLUMN note text;
            INSERT INTO stopwatch VALUES ('gone', micros());
            """
        names = ("waiting since", "released", "gone", "queued", "queued for long", "first queued")
        done = rehearsals.run(scenario(_READ_ACCOUNTS, stopwatch=names, more=more), {"seed.sql": _SEED, "up.sql": up})

        truth = figures(done)
        ends = (truth["released"], truth["gone"])
        waited = between((truth["waiting since"], ends[0]), (truth["waiting since"], ends[1]))
        assert waited.at_least_ns >= 1500 * NS_PER_MS
        alter = statement(done.view.facts, "ALTER TABLE")
        assert waited.admits(alter.waited_ns), (waited, alter.waited_ns)
        assert waited.admits(alter.waited_ns, within_ns=alter.waited_error_ns), (waited, alter)
        assert {wait.blocker_roles for wait in alter.waits} == {("antagonist",)}
        assert truth["queued"] == ACTORS
        assert alter.blocked_actors == ACTORS, said(done)
        # An actor has its lock when the server's scheduler lets it go on, and its answer a moment later.
        blocked = Between((ends[0] - truth["first queued"]) * 1000, _longest_operation_ns(done))
        assert blocked.admits(alter.blocked_max_ns), (blocked, alter.blocked_max_ns)
        assert {wait.behind for wait in alter.blocked} <= {"queue", "held"}
        assert max(alter.blocked, key=lambda wait: wait.waited_ns).behind == "queue"

        (chain,) = [one for one in done.view.facts.chains if one.statement == alter.id]
        (root,) = chain.roots
        assert (root.role, [node.statement for node in root.waiting]) == ("antagonist", [alter.id])
        assert [node.operation for node in root.waiting[0].waiting] == ["read account"] * ACTORS

        (told,) = [s for s in _json(done)["statements"] if s["id"] == alter.id]
        assert waited.admits(round(told["waited_ms"] * NS_PER_MS))
        assert blocked.admits(round(told["blocked_max_ms"] * NS_PER_MS))
        assert told["blocked_actors"] == ACTORS
        assert "lock_queue" in {finding["hazard"] for finding in _json(done)["findings"]}
        assert _json(done)["verdict"] == "fail"

    def test_a_stall_of_one_second(self, rehearsals: Rehearsals) -> None:
        text = scenario(_READ_ACCOUNTS, stopwatch=_HOLDING, rate=200)
        done = rehearsals.run(text, {"seed.sql": _SEED, "up.sql": holding(1.0)})

        truth, traffic = figures(done), done.view.facts.traffic
        assert traffic is not None
        stall = between((truth["locked"], truth["released"]), (truth["asked"], truth["gone"]))
        # Operations are due every 5 ms: the first one that is not answered falls due so long after the lock at most.
        apart_ns = 5 * NS_PER_MS
        assert stall.at_least_ns - 20 * NS_PER_MS - apart_ns <= traffic.outage_ns
        assert traffic.outage_ns <= stall.at_most_ns + 20 * NS_PER_MS + apart_ns
        assert (traffic.migrate.p99_ns or 0) >= 900 * NS_PER_MS
        assert (traffic.baseline.p99_ns or 0) < 500 * NS_PER_MS
        assert done.verdict.value == "fail", said(done)
        (check,) = [one for one in _json(done)["checks"] if one["id"] == "outage"]
        assert check["verdict"] == "fail"

    def test_rows_that_the_way_back_loses(self, rehearsals: Rehearsals) -> None:
        operations = (
            _READ_ACCOUNTS
            + """
    [[traffic.operation]]
    name = "order"
    sql = "INSERT INTO orders (account_id) VALUES (:id)"
    params = { id = "sample(accounts.id)" }
    """
        )
        up = "ALTER TABLE accounts ADD COLUMN note text;"
        down = """
            DELETE FROM accounts WHERE id <= 37;
            DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 7);
            ALTER TABLE accounts DROP COLUMN note;
            """
        files = {"seed.sql": _SEED, "up.sql": up, "down.sql": down}
        done = rehearsals.run(scenario(operations, down=True, rate=100, settle="500ms"), files)

        rollback = done.view.facts.rollback
        assert rollback.changed_tables == (("public.accounts", 1000, 963),)
        assert rollback.ledger_missing == {"public.orders": 7}
        assert (rollback.ledger_acknowledged or 0) - (rollback.ledger_kept or 0) == 7
        inserted = next(o for o in done.view.facts.operations if o.name == "order").completed
        assert rollback.ledger_acknowledged == inserted > 100
        assert rollback.result == "data_loss"
        assert done.verdict.value == "fail", said(done)
        (deleted,) = [work for work in _down_work(done) if work.relation == "public.accounts" and work.rows_changed]
        assert deleted.rows_changed == 37

    def test_what_a_rewrite_reads_and_writes(self, rehearsals: Rehearsals) -> None:
        seed = _SEED + "INSERT INTO accounts SELECT i, 100 FROM generate_series(1001, 50000) AS i; ANALYZE accounts;"
        wal = "INSERT INTO stopwatch SELECT '{}', pg_current_wal_insert_lsn() - '0/0'::pg_lsn;"
        up = f"""
            {wal.format("before")}
            ALTER TABLE accounts ALTER COLUMN balance TYPE bigint;
            {wal.format("after")}
            VACUUM FULL accounts;
            ALTER TABLE accounts ADD CONSTRAINT solvent CHECK (balance >= 0);
            """
        text = scenario("", stopwatch=("before", "after"), settle="100ms")
        done = rehearsals.run(text, {"seed.sql": seed, "up.sql": up})

        facts = done.view.facts
        alter, vacuum, check = (
            statement(facts, text) for text in ("ALTER TABLE accounts ALTER", "VACUUM FULL", "ALTER TABLE accounts ADD")
        )
        (rewritten,) = [work for work in alter.relations if work.relation == "public.accounts"]
        assert (alter.work, rewritten.rewritten) == ("rewrite", True)
        # Once the old file, and once the new one for its primary key's index.
        assert (rewritten.rows_before, rewritten.rows_scanned) == (50_000, 2 * 50_000)
        (vacuumed,) = [work for work in vacuum.relations if work.relation == "public.accounts"]
        assert (vacuum.work, vacuumed.rewritten, vacuumed.rows_before) == ("rewrite", True, 50_000)
        (checked,) = [work for work in check.relations if work.relation == "public.accounts"]
        assert (check.work, checked.rewritten, checked.rows_scanned) == ("scan", False, 50_000)
        truth = figures(done)
        # Full page images differ with the last checkpoint; the server's own background writes some as well.
        written = truth["after"] - truth["before"]
        assert alter.wal_bytes == pytest.approx(written, rel=0.05, abs=64 * 1024), (alter.wal_bytes, written)
        assert {one["relation"] for one in _json(done)["rewrites"]} == {"public.accounts"}
        assert {finding.hazard.name for finding in done.view.judgement.findings} >= {
            "table_rewrite",
            "full_scan_under_lock",
        }


def _longest_operation_ns(done: Conclusion) -> int:
    """The longest time between sending an operation and its answer, by the application's clock."""
    records = read_history(done.directory).operations
    return int(np.max(records["end_ns"] - records["start_ns"]))


def _down_work(done: Conclusion) -> list[WorkFacts]:
    return [work for s in done.view.facts.statements if s.direction is Direction.DOWN for work in s.relations]


def _json(done: Conclusion) -> Any:
    return json.loads(render_json(done.view))
