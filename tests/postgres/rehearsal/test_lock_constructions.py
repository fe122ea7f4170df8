"""Locks constructed one after the other in two rehearsals, with what the reports print held against a stopwatch.

The first holds: 3, 30, 300 and 3,000 ms, a partitioned parent, a foreign key to a table in use, a row, an advisory
lock. The second waits: in a deadlock, and for an old snapshot. A queue behind a waiting statement is in truth_cases.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.facts import ChainFacts, ChainNode, StatementFacts
from harness.analysis.witnesses import SUBJECT
from harness.cli.conclude import Conclusion
from harness.rehearsal.journal.reader import read_history
from tests.postgres.rehearsal.rehearsals import Rehearsals, said
from tests.postgres.rehearsal.truth_cases import ACTORS, TOLERANCE_NS, Between, between, figures, scenario

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.alone]

_SEED = """
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 1000) AS i;
    CREATE TABLE visits (at int NOT NULL, page text) PARTITION BY RANGE (at);
    CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (1000);
    INSERT INTO visits SELECT i, 'x' FROM generate_series(0, 999) AS i;
    CREATE TABLE hot (id int PRIMARY KEY, n int NOT NULL);
    INSERT INTO hot SELECT i, 0 FROM generate_series(1, 100) AS i;
    CREATE TABLE bills (id int PRIMARY KEY, hot_id int);
    CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL);
    INSERT INTO counters VALUES (1, 0);

    CREATE TABLE stopwatch (what text, figure bigint);
    CREATE FUNCTION micros(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint LANGUAGE sql
        AS 'SELECT (extract(epoch FROM at) * 1000000)::bigint';
    CREATE VIEW queued AS
        SELECT pid, waitstart FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND application_name LIKE 'rehearse/traffic%';
    """

_OPERATIONS = "".join(
    f"""
    [[traffic.operation]]
    name = "{name}"
    sql = "{sql}"
    params = {{ {params} }}
    """
    for name, sql, params in (
        ("read account", "SELECT balance FROM accounts WHERE id = :id", 'id = "sample(accounts.id)"'),
        ("read visit", "SELECT page FROM visits_1 WHERE at = :at", 'at = "int(0, 999)"'),
        ("touch hot", "UPDATE hot SET n = n + 1 WHERE id = :id", 'id = "sample(hot.id)"'),
        ("count", "UPDATE counters SET n = n + 1 WHERE id = 1", ""),
        ("one at a time", "SELECT pg_advisory_xact_lock(72707369)", ""),
    )
)

_HOLD = """
    INSERT INTO stopwatch VALUES ('{name} asked', micros());
    BEGIN;
    {take};
    INSERT INTO stopwatch VALUES ('{name} locked', micros());
    SELECT pg_sleep({seconds});
    INSERT INTO stopwatch SELECT '{name} queued', count(DISTINCT pid) FROM queued;
    INSERT INTO stopwatch SELECT '{name} queued for long', count(DISTINCT pid) FROM queued
        WHERE waitstart < clock_timestamp() - interval '20ms';
    INSERT INTO stopwatch SELECT '{name} first queued', coalesce(micros(min(waitstart)), 0) FROM queued;
    INSERT INTO stopwatch VALUES ('{name} released', micros());
    COMMIT;
    INSERT INTO stopwatch VALUES ('{name} gone', micros());
    SELECT pg_sleep(0.1);
    """
_READINGS = ("asked", "locked", "queued", "queued for long", "first queued", "released", "gone")

_HOLDS = {
    "3 ms": ("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE", 0.003),
    "30 ms": ("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE", 0.03),
    "300 ms": ("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE", 0.3),
    "3000 ms": ("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE", 3.0),
    "partitioned": ("ALTER TABLE visits ADD COLUMN note text", 0.15),
    "foreign key": ("ALTER TABLE bills ADD FOREIGN KEY (hot_id) REFERENCES hot (id)", 0.15),
    "row": ("UPDATE counters SET n = 0 WHERE id = 1", 0.3),
    "advisory": ("SELECT pg_advisory_xact_lock(72707369)", 0.15),
}
_BLOCKED = {
    "300 ms": "read account",
    "3000 ms": "read account",
    "partitioned": "read visit",
    "foreign key": "touch hot",
    "row": "count",
    "advisory": "one at a time",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One construction: its statement, the stopwatch's readings in µs, and the run it is of."""

    statement: StatementFacts
    readings: dict[str, int]
    done: Conclusion

    @property
    def truth(self) -> Between:
        """How long the lock was held."""
        r = self.readings
        return between((r["locked"], r["released"]), (r["asked"], r["gone"]))

    @property
    def chain(self) -> ChainFacts:
        """The lock queue that the report shows."""
        (found,) = [one for one in self.done.view.facts.chains if one.statement == self.statement.id]
        return found


@pytest.fixture(scope="module")
def held(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Held]:
    """All holds, in one rehearsal."""
    blocks = [_HOLD.format(name=name, take=take, seconds=seconds) for name, (take, seconds) in _HOLDS.items()]
    up = "SET synchronous_commit = off;" + "".join(blocks)
    stopwatch = [f"{name} {reading}" for name in _HOLDS for reading in _READINGS]
    text = scenario(_OPERATIONS, stopwatch=stopwatch, rate=400, settle="300ms")
    rehearsals = Rehearsals(home=home, folder=tmp_path_factory.mktemp("held"))
    done = rehearsals.run(text, {"seed.sql": _SEED, "up.sql": up})
    truth = figures(done)
    takes = [take for take, _ in _HOLDS.values()]
    statements = [s for s in done.view.facts.statements if s.sql.strip() in takes]
    assert len(statements) == len(_HOLDS), said(done)
    return {
        name: Held(one, {reading: truth[f"{name} {reading}"] for reading in _READINGS}, done)
        for name, one in zip(_HOLDS, statements, strict=True)
    }


@pytest.mark.parametrize("name", ["3 ms", "30 ms", "300 ms", "3000 ms", "partitioned", "foreign key"])
def test_held(held: dict[str, Held], name: str) -> None:
    one = held[name]
    found, error = one.statement.held_ns, one.statement.held_error_ns
    assert found is not None
    assert one.truth.admits(found, within_ns=error), (one.truth, found, error)
    assert error <= TOLERANCE_NS


@pytest.mark.parametrize("name", list(_BLOCKED))
def test_blocked_others(held: dict[str, Held], name: str) -> None:
    one = held[name]
    readings, statement = one.readings, one.statement
    # Who came after the last look at the queue may have waited long enough for the log as well.
    assert readings["queued for long"] <= statement.blocked_actors <= ACTORS, said(one.done)
    assert statement.blocked_actors >= 3
    # An actor has its lock when the server's scheduler lets it go on, and its answer a moment later.
    shortest = (readings["released"] - readings["first queued"]) * 1000
    error = statement.blocked_error_ns
    assert shortest - error <= statement.blocked_max_ns <= _longest_operation_ns(one) + error
    assert error <= TOLERANCE_NS
    assert {wait.operation for wait in statement.blocked} == {_BLOCKED[name]}
    assert {wait.behind for wait in statement.blocked} == {"held"}


def test_a_hold_too_short_to_be_in_the_log_blocks_less_than_its_bound(held: dict[str, Held]) -> None:
    one = held["3 ms"]
    bound = one.done.view.facts.deadlock_timeout_ns
    assert one.truth.at_most_ns >= one.statement.blocked_max_ns or one.statement.blocked_max_ns <= bound


def test_the_locks_of_a_partitioned_parent_and_a_foreign_key(held: dict[str, Held]) -> None:
    locks = {(lock.relation, lock.mode) for lock in held["partitioned"].statement.locks}
    assert {("public.visits", "AccessExclusiveLock"), ("public.visits_1", "AccessExclusiveLock")} <= locks
    for lock in held["partitioned"].statement.locks:
        if lock.mode == "AccessExclusiveLock" and lock.kind in "rp":
            assert lock.held_ns is not None
            assert held["partitioned"].truth.admits(lock.held_ns, within_ns=lock.error_ns)
    locks = {(lock.relation, lock.mode) for lock in held["foreign key"].statement.locks}
    assert {("public.hot", "ShareRowExclusiveLock"), ("public.bills", "ShareRowExclusiveLock")} <= locks


def test_a_chain_of_three_over_a_row(held: dict[str, Held]) -> None:
    """One actor waits for the migration's transaction, the next for that actor's turn at the row."""
    (root,) = held["row"].chain.roots
    assert (root.statement, root.holds) == (held["row"].statement.id, "a row of counters")
    (first,) = root.waiting
    assert first.wants == "a row of counters (ShareLock of a transactionid)"
    assert len(first.waiting) >= 1
    assert {node.wants for node in first.waiting} == {"a row of counters (ExclusiveLock of a tuple)"}
    assert {node.sql for node in _all(root) if node.operation} == {"UPDATE counters SET n = n + $1 WHERE id = $2"}


def test_an_advisory_lock_is_named(held: dict[str, Held]) -> None:
    (root,) = held["advisory"].chain.roots
    assert root.holds == "Prisma Migrate's advisory lock 72707369"
    assert {node.operation for node in root.waiting} == {"one at a time"}


def test_log_and_polls_agree(held: dict[str, Held]) -> None:
    assert [note for note in held["row"].done.view.facts.quality if note.subject == SUBJECT] == []


def _longest_operation_ns(one: Held) -> int:
    """The longest time between sending an operation and its answer, of those that met the hold."""
    records, span = read_history(one.done.directory).operations, one.statement.transaction_span
    assert span is not None
    near = records[(records["start_ns"] <= span.end_ns) & (records["end_ns"] >= span.start_ns)]
    return int(np.max(near["end_ns"] - near["start_ns"]))


def _all(node: ChainNode) -> Iterator[ChainNode]:
    yield node
    for below in node.waiting:
        yield from _all(below)


_UNTIL = """
    FOR i IN 1..5000 LOOP
        SELECT waitstart INTO began FROM pg_locks
        WHERE NOT granted AND {what} AND waitstart IS NOT NULL;
        EXIT WHEN began IS NOT NULL;
        PERFORM pg_sleep(0.002);
    END LOOP;"""


def _antagonist(sql: str) -> str:
    return f"""
    [[traffic.antagonist]]
    kind = "sql"
    before_migration = "300ms"
    sql = '''{sql}'''
    """


def test_a_deadlock_and_an_old_snapshot(home: Path, tmp_path: Path) -> None:
    # It locks the two tables in the other order, once the migration has waited for the second for longer than
    # deadlock_timeout: the migration's own check is over then, and this session's finds the deadlock.
    crossing = f"""
        BEGIN;
        LOCK TABLE bills IN ACCESS EXCLUSIVE MODE;
        DO $$ DECLARE began timestamptz; BEGIN {_UNTIL.format(what="relation = 'bills'::regclass")}
            PERFORM pg_sleep(0.1);
        END $$;
        LOCK TABLE visits IN ACCESS EXCLUSIVE MODE;
        COMMIT;"""
    old = f"""
        BEGIN ISOLATION LEVEL REPEATABLE READ;
        SET LOCAL synchronous_commit = off;
        SELECT count(*) FROM accounts;
        DO $$ DECLARE began timestamptz; BEGIN {_UNTIL.format(what="locktype = 'virtualxid'")}
            INSERT INTO stopwatch VALUES ('waiting since', micros(began));
            PERFORM pg_sleep(0.5);
            INSERT INTO stopwatch VALUES ('released', micros());
        END $$;
        COMMIT;"""
    up = """
        BEGIN;
        LOCK TABLE visits IN ACCESS EXCLUSIVE MODE;
        LOCK TABLE bills IN ACCESS EXCLUSIVE MODE;
        COMMIT;
        CREATE INDEX CONCURRENTLY accounts_balance ON accounts (balance);
        INSERT INTO stopwatch VALUES ('gone', micros());
        """
    text = scenario(
        _OPERATIONS, stopwatch=("waiting since", "released", "gone"), rate=50, settle="200ms",
        more=_antagonist(crossing) + _antagonist(old),
    )  # fmt: skip
    done = Rehearsals(home=home, folder=tmp_path).run(text, {"seed.sql": _SEED, "up.sql": up})

    truth, facts = figures(done), done.view.facts
    (one,) = facts.deadlocks
    first, second = one.sides
    assert (one.role, first.role, second.role) == ("antagonist", "antagonist", "migration"), said(done)
    locks = [s.id for s in facts.statements if s.sql.startswith("LOCK TABLE bills")]
    assert [one.statement, second.what] == [*locks, *locks]
    assert first.wanted == "AccessExclusiveLock on public.visits"
    assert second.wanted == "AccessExclusiveLock on public.bills"
    assert "LOCK TABLE visits IN ACCESS EXCLUSIVE MODE" in first.query  # sent together with the others, as one text
    assert second.query == "LOCK TABLE bills IN ACCESS EXCLUSIVE MODE"
    (finding,) = [f for f in done.view.judgement.findings if f.hazard.name == "deadlock_risk"]
    assert "LOCK TABLE visits" in " ".join(finding.evidence)

    (build,) = [s for s in facts.statements if s.sql.startswith("CREATE INDEX CONCURRENTLY")]
    wait = max(build.waits, key=lambda found: found.waited_ns)
    waited = Between(
        (truth["released"] - truth["waiting since"]) * 1000, (truth["gone"] - truth["waiting since"]) * 1000
    )
    assert wait.target == "virtualxid"
    assert waited.admits(wait.waited_ns, within_ns=wait.error_ns), (waited, wait)
    assert wait.error_ns <= TOLERANCE_NS
    assert wait.blocker_roles == ("antagonist",)
    (chain,) = [found for found in facts.chains if found.statement == build.id]
    assert [(root.role, root.holds) for root in chain.roots] == [("antagonist", "a snapshot")]
