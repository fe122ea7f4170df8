"""Locks and waits whose true lengths the tests themselves make."""

import time
from typing import Any

import psycopg
import pytest

from harness.events.observation import (
    BlockerSeen,
    DeadlockReported,
    LockHeld,
    ObserverMeasured,
    RelationSeen,
    ServerErrorLogged,
    ServerSampled,
    WaitSeen,
)
from harness.events.run import QualityNoted
from harness.model.units import NS_PER_MS
from harness.model.words import Direction, Role

pytestmark = [pytest.mark.postgres, pytest.mark.alone]

TOLERANCE_NS = 5 * NS_PER_MS


def test_a_lock_held_for_250_ms(watch: Any) -> None:
    migration = watch.session(Role.MIGRATION)
    watch.observer.migration_started(Direction.UP)
    truths = []
    for _ in range(8):
        migration.execute("BEGIN")
        asked = watch.clock.now_ns()
        migration.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        taken = watch.clock.now_ns()
        watch.clock.sleep_until(taken + 250 * NS_PER_MS)
        sent = watch.clock.now_ns()
        migration.execute("COMMIT")
        truths.append((asked, taken, sent, watch.clock.now_ns()))
    watch.observer.migration_ended()
    watch.observer.stop()

    holds = watch.holds("AccessExclusiveLock", "public.orders")
    assert {(hold.role, hold.pid, hold.existed) for hold in holds} == {
        (Role.MIGRATION, migration.info.backend_pid, True)
    }
    for hold, (asked, taken, sent, released) in zip(holds, truths, strict=True):
        assert asked - hold.error_ns <= hold.start_ns <= taken + hold.error_ns
        assert sent - hold.error_ns <= hold.end_ns <= released + hold.error_ns
    # A machine that other work keeps busy delays a poll now and then; it cannot delay those of every hold.
    best, (asked, taken, sent, released) = min(zip(holds, truths, strict=True), key=lambda pair: pair[0].error_ns)
    assert best.error_ns <= TOLERANCE_NS
    # Nobody outside the server knows better when the lock was released than between COMMIT's sending and its answer.
    shortest, longest = sent - taken, released - asked
    assert shortest - TOLERANCE_NS <= best.end_ns - best.start_ns <= longest + TOLERANCE_NS


def test_a_wait_of_1500_ms(watch: Any) -> None:
    holder, migration = watch.session(Role.ANTAGONIST, "long_reader"), watch.session(Role.MIGRATION)
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM orders")
    ddl = watch.background(migration, "ALTER TABLE orders ADD COLUMN note text")
    began = wait_began(watch, migration.info.backend_pid)
    watch.clock.sleep_until(began + 1500 * NS_PER_MS)
    sent = watch.clock.now_ns()
    holder.execute("COMMIT")
    ddl.join(5)
    answered = watch.clock.now_ns()
    watch.observer.stop()

    (wait,) = watch.waits(Role.MIGRATION)
    assert (wait.mode, wait.target, wait.relation) == ("AccessExclusiveLock", "relation", "public.orders")
    assert wait.outcome == "acquired"
    assert wait.holders == (holder.info.backend_pid,)
    assert wait.queue == (migration.info.backend_pid,)
    assert wait.error_ns <= 3 * NS_PER_MS
    assert abs(wait.start_ns - began) <= TOLERANCE_NS
    assert sent - TOLERANCE_NS <= wait.end_ns <= answered + TOLERANCE_NS
    assert sent - began - TOLERANCE_NS <= wait.waited_ns <= answered - began + TOLERANCE_NS


def wait_began(watch: Any, pid: int) -> int:
    """When the wait of `pid` began, by the server's own clock, on the run's."""
    session = watch.session(Role.HARNESS)
    query = "SELECT extract(epoch FROM clock_timestamp() - waitstart) FROM pg_locks WHERE pid = %s AND NOT granted"
    while (row := session.execute(query, (pid,)).fetchone()) is None or row[0] is None:
        time.sleep(0.002)
    sent: int = watch.clock.now_ns()
    (age,) = session.execute(query, (pid,)).fetchone()
    now: int = watch.clock.now_ns()
    return (sent + now) // 2 - int(age * 1_000_000_000)


def test_a_queue_of_five_behind_a_waiting_ddl(watch: Any) -> None:
    holder, migration = watch.session(Role.ANTAGONIST, "long_reader"), watch.session(Role.MIGRATION)
    actors = [watch.session(Role.TRAFFIC, str(number)) for number in range(5)]
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM orders")
    threads = [watch.background(migration, "ALTER TABLE orders ADD COLUMN note text")]
    time.sleep(0.1)
    for actor in actors:
        threads.append(watch.background(actor, "SELECT status FROM orders WHERE id = 1"))
        time.sleep(0.05)
    time.sleep(0.4)
    holder.execute("COMMIT")
    for thread in threads:
        thread.join(5)
    watch.observer.stop()

    waits = watch.waits(Role.TRAFFIC)
    pids = [actor.info.backend_pid for actor in actors]
    assert [wait.pid for wait in waits] == pids
    for number, wait in enumerate(waits):
        assert wait.outcome == "acquired"
        assert wait.holders == (holder.info.backend_pid,)
        assert wait.queue == (migration.info.backend_pid, *pids[: number + 1])
        assert wait.end_ns - wait.start_ns == wait.waited_ns >= (650 - 50 * number - 60) * NS_PER_MS
    assert max(sample.waiting_actors for sample in watch.of(ServerSampled)) == 5


def test_who_stands_in_the_migrations_way_fast_path_locks_included(watch: Any) -> None:
    reader, actor, migration = (
        watch.session(Role.OTHER), watch.session(Role.TRAFFIC, "1"), watch.session(Role.MIGRATION),
    )  # fmt: skip
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM orders WHERE status <> 'anna@example.org'")
    watch.observer.migration_started(Direction.UP)
    ddl = watch.background(migration, "ALTER TABLE orders ADD COLUMN note text")
    began = wait_began(watch, migration.info.backend_pid)
    queued = watch.background(actor, "SELECT status FROM orders WHERE id = 1")
    time.sleep(0.3)
    reader.execute("COMMIT")
    ddl.join(5)
    queued.join(5)
    watch.observer.migration_ended()
    watch.observer.stop()

    (blocker,) = watch.of(BlockerSeen)
    assert (blocker.blocked, blocker.pid) == (migration.info.backend_pid, reader.info.backend_pid)
    assert (blocker.modes, blocker.state) == (("AccessShareLock",), "idle in transaction")
    assert blocker.query == "SELECT count(*) FROM orders WHERE status <> $1"
    assert blocker.transaction_start_ns is not None
    assert blocker.transaction_start_ns < began
    # The same two waits by both witnesses, which begin at the same time.
    seen = {event.pid: event for event in watch.of(WaitSeen)}
    for wait in watch.waits():
        assert abs(wait.start_ns - seen[wait.pid].start_ns) <= wait.error_ns + seen[wait.pid].error_ns
        assert seen[wait.pid].seen_ns <= wait.end_ns + wait.error_ns
    assert {wait.pid: wait.query for wait in watch.waits()} == {
        migration.info.backend_pid: "ALTER TABLE orders ADD COLUMN note text",
        actor.info.backend_pid: "SELECT status FROM orders WHERE id = $1",
    }


def test_two_deploys_at_once_over_a_tools_advisory_lock(watch: Any) -> None:
    other, migration = watch.session(Role.OTHER), watch.session(Role.MIGRATION)
    other.execute("SELECT pg_advisory_lock(72707369)")
    watch.observer.migration_started(Direction.UP)
    deploy = watch.background(migration, "SELECT pg_advisory_lock(72707369)", "SELECT pg_sleep(0.2)")
    began = wait_began(watch, migration.info.backend_pid)
    watch.clock.sleep_until(began + 200 * NS_PER_MS)
    sent = watch.clock.now_ns()
    other.execute("SELECT pg_advisory_unlock(72707369)")
    answered = watch.clock.now_ns()
    deploy.join(5)
    watch.observer.migration_ended()
    watch.observer.stop()

    (wait,) = watch.waits(Role.MIGRATION)
    assert (wait.target, wait.relation) == ("advisory", "Prisma Migrate's advisory lock 72707369")
    assert wait.holders == (other.info.backend_pid,)
    assert sent - began - TOLERANCE_NS <= wait.waited_ns <= answered - began + TOLERANCE_NS
    (held,) = [hold for hold in watch.of(LockHeld) if hold.kind == "advisory"]
    assert (held.relation, held.mode, held.existed) == (wait.relation, "ExclusiveLock", False)
    assert held.start_ns - held.error_ns <= wait.end_ns + wait.error_ns


def test_lock_timeout_cancels(watch: Any) -> None:
    holder, migration = watch.session(Role.ANTAGONIST, "long_reader"), watch.session(Role.MIGRATION)
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM orders")
    migration.execute("SET lock_timeout = '200ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        migration.execute("ALTER TABLE orders ADD COLUMN note text")
    watch.observer.stop()

    (wait,) = watch.waits()
    assert wait.outcome == "cancelled"
    assert abs(wait.waited_ns - 200 * NS_PER_MS) <= TOLERANCE_NS
    (error,) = watch.of(ServerErrorLogged)
    assert (error.sqlstate, error.role, error.severity) == ("55P03", Role.MIGRATION, "ERROR")


def test_a_lock_timeout_caught_in_plpgsql_ends_the_wait(watch: Any) -> None:
    holder, migration = watch.session(Role.ANTAGONIST, "long_reader"), watch.session(Role.MIGRATION)
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM orders")
    migration.execute(
        "DO $$ BEGIN SET LOCAL lock_timeout = '300ms'; LOCK TABLE orders;"
        " EXCEPTION WHEN lock_not_available THEN PERFORM pg_sleep(1.6); END $$"
    )
    watch.observer.stop()

    (wait,) = watch.waits()
    assert wait.outcome == "cancelled"
    # The server's own timer may be late on a busy machine.
    assert abs(wait.waited_ns - 300 * NS_PER_MS) <= wait.error_ns + 50 * NS_PER_MS
    assert wait.error_ns <= 500 * NS_PER_MS


def test_a_deadlock(watch: Any) -> None:
    one, two = watch.session(Role.TRAFFIC, "1"), watch.session(Role.TRAFFIC, "2")
    for connection, row in ((one, 1), (two, 2)):
        connection.execute("BEGIN")
        connection.execute("UPDATE orders SET status = 'paid' WHERE id = %s", (row,))
    other = watch.background(one, "UPDATE orders SET status = 'sent' WHERE id = 2", "COMMIT")
    time.sleep(0.1)
    with pytest.raises(psycopg.errors.DeadlockDetected):
        two.execute("UPDATE orders SET status = 'sent' WHERE id = 1")
    two.execute("ROLLBACK")
    other.join(5)
    watch.observer.stop()

    outcomes = {wait.pid: wait.outcome for wait in watch.waits()}
    assert outcomes == {one.info.backend_pid: "acquired", two.info.backend_pid: "deadlock"}
    assert {wait.target for wait in watch.waits()} == {"transactionid"}
    assert {wait.relation for wait in watch.waits()} == {"public.orders"}
    (report,) = watch.of(DeadlockReported)
    victim, other_side = report.sides
    first, second = one.info.backend_pid, two.info.backend_pid
    assert (report.pid, victim.pid, victim.blocked_by) == (second, second, first)
    assert (other_side.pid, other_side.blocked_by) == (first, second)
    assert {side.role for side in report.sides} == {Role.TRAFFIC}
    assert {side.query for side in report.sides} == {"UPDATE orders SET status = $1 WHERE id = $2"}
    assert (victim.target, victim.relation) == ("transactionid", "public.orders")


def test_row_locks_as_tuple_and_transaction_waits(watch: Any) -> None:
    holder = watch.session(Role.MIGRATION)
    actors = [watch.session(Role.TRAFFIC, str(number)) for number in range(2)]
    holder.execute("BEGIN")
    holder.execute("UPDATE orders SET status = 'sent' WHERE id = 7")
    threads = []
    for actor in actors:
        threads.append(watch.background(actor, "UPDATE orders SET status = 'paid' WHERE id = 7"))
        time.sleep(0.1)
    time.sleep(0.2)
    holder.execute("COMMIT")
    for thread in threads:
        thread.join(5)
    watch.observer.stop()

    first, second = (actor.info.backend_pid for actor in actors)
    waits = watch.waits(Role.TRAFFIC)
    assert {(wait.pid, wait.target) for wait in waits} >= {(first, "transactionid"), (second, "tuple")}
    assert {wait.relation for wait in waits} == {"public.orders"}
    (tuple_wait,) = [wait for wait in waits if wait.target == "tuple"]
    assert tuple_wait.holders == (first,)


def test_create_index_concurrently_waits_for_old_transactions(watch: Any) -> None:
    reader, migration = watch.session(Role.ANTAGONIST, "long_reader"), watch.session(Role.MIGRATION)
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    reader.execute("SELECT count(*) FROM orders")
    watch.observer.migration_started(Direction.UP)
    building = watch.background(migration, "CREATE INDEX CONCURRENTLY orders_status ON orders (status)")
    time.sleep(0.5)
    sent = watch.clock.now_ns()
    reader.execute("COMMIT")
    building.join(5)
    answered = watch.clock.now_ns()
    watch.observer.migration_ended()
    watch.observer.stop()

    waits = watch.waits(Role.MIGRATION)
    assert {wait.target for wait in waits} == {"virtualxid"}
    assert {wait.holders for wait in waits} == {(reader.info.backend_pid,)}
    assert sent - TOLERANCE_NS <= waits[-1].end_ns <= answered + TOLERANCE_NS
    (held,) = watch.holds("ShareUpdateExclusiveLock", "public.orders")
    assert held.start_ns <= waits[0].start_ns + held.error_ns + waits[0].error_ns
    assert held.end_ns >= waits[-1].end_ns - held.error_ns - waits[-1].error_ns


def test_a_wait_that_never_ends_is_waiting(watch: Any) -> None:
    holder, actor = watch.session(Role.MIGRATION), watch.session(Role.TRAFFIC, "1")
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders")
    watch.background(actor, "SELECT status FROM orders WHERE id = 1")
    time.sleep(0.3)
    watch.observer.stop()

    (wait,) = watch.waits(Role.TRAFFIC)
    assert wait.outcome == "waiting"
    assert wait.waited_ns >= 250 * NS_PER_MS


def test_relations_are_told_with_their_owners_and_new_ones_as_new(watch: Any) -> None:
    migration = watch.session(Role.MIGRATION)
    watch.observer.migration_started(Direction.UP)
    migration.execute("CREATE TABLE invoices (id int PRIMARY KEY, body text)")
    migration.execute("BEGIN")
    migration.execute("LOCK TABLE invoices")
    time.sleep(0.2)
    migration.execute("COMMIT")
    watch.observer.migration_ended()
    watch.observer.stop()

    seen = {relation.relation: relation for relation in watch.of(RelationSeen)}
    orders, key, invoices = seen["public.orders"], seen["public.orders_pkey"], seen["public.invoices"]
    assert (orders.kind, orders.existed, orders.rows) == ("r", True, 1000)
    assert orders.size_bytes is not None
    assert orders.size_bytes >= 40_000
    assert (key.kind, key.table) == ("i", "public.orders")
    assert not invoices.existed
    assert any(relation.startswith("pg_toast.") and seen[relation].table == "public.orders" for relation in seen)
    assert not [relation for relation in seen if relation.startswith(("pg_catalog", "information_schema"))]
    holds = watch.holds("AccessExclusiveLock", "public.invoices")
    assert not any(hold.existed for hold in holds)
    assert max(hold.end_ns - hold.start_ns + 2 * hold.error_ns for hold in holds) >= 200 * NS_PER_MS


def test_the_observer_leaves_itself_out_and_accounts_for_its_cost(watch: Any) -> None:
    watch.observer.migration_started(Direction.UP)
    time.sleep(1.0)
    watch.observer.migration_ended()
    watch.observer.stop()

    assert not [wait for wait in watch.waits() if wait.role is Role.OBSERVER]
    (measured,) = watch.of(ObserverMeasured)
    assert measured.log_complete
    assert measured.polls >= 50
    assert 0 < measured.poll_ns_max <= measured.poll_ns_total
    assert measured.gap_ns_max >= measured.interval_ns // 4
    samples = watch.of(ServerSampled)
    assert len(samples) >= 4
    assert all(sample.database_bytes > 1_000_000 for sample in samples)
    assert not [note for note in watch.of(QualityNoted) if note.inconclusive]
