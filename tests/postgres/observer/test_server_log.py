"""The server's log in every state a run can meet: csvlog, rotation, a crash in the middle, a server that is gone."""

import time
from typing import Any

import psycopg
import pytest

from harness.events.codec import AnyEvent
from harness.events.observation import ObserverMeasured, ServerErrorLogged
from harness.events.run import ClockAnchored, QualityNoted
from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS
from harness.model.words import Pass, Role
from harness.postgres.ports import Server
from harness.rehearsal.observer.log_tail import LogTail

pytestmark = [pytest.mark.postgres, pytest.mark.alone]


class OlderServer:
    """A server that says it is PostgreSQL 14, which has no jsonlog; everything else is the real one's."""

    version_num = 140012

    def __init__(self, server: Server) -> None:
        self._server = server

    def conninfo(self, *, application_name: str) -> str:
        return self._server.conninfo(application_name=application_name)


def blocked_for(watch: Any, ms: int) -> tuple[Any, int]:
    """Make an actor wait for a lock of the migration's for `ms`; the actor, and how long it was by the test's clock."""
    holder, actor = watch.session(Role.MIGRATION), watch.session(Role.TRAFFIC, "1")
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders")
    started = watch.clock.now_ns()
    thread = watch.background(actor, "SELECT 'a line\nbreak, a \"quote\" and a comma' FROM orders WHERE id = 1")
    watch.clock.sleep_until(started + ms * NS_PER_MS)
    holder.execute("COMMIT")
    released = watch.clock.now_ns()
    thread.join(5)
    return actor, released - started


def superuser(server: Server) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(server.conninfo(application_name="rehearse/harness"), autocommit=True)


def test_csvlog_tells_the_same(prepared: Server, make_watch: Any) -> None:
    with superuser(prepared) as connection:
        connection.execute("ALTER SYSTEM SET log_destination = 'csvlog'")
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SELECT pg_current_logfile('csvlog')").fetchone() == (None,):
            time.sleep(0.01)
    watch = make_watch(OlderServer(prepared))
    watch.observer.start()
    actor, true_ns = blocked_for(watch, 300)
    with pytest.raises(psycopg.errors.UndefinedTable):
        actor.execute('SELECT *\nFROM "no\nsuch"')
    watch.observer.stop()

    (wait,) = watch.waits()
    assert (wait.outcome, wait.relation, wait.role) == ("acquired", "public.orders", Role.TRAFFIC)
    assert abs(wait.waited_ns - true_ns) <= 50 * NS_PER_MS
    assert [error.sqlstate for error in watch.of(ServerErrorLogged)] == ["42P01"]
    assert watch.of(ObserverMeasured)[0].log_complete
    assert not [note for note in watch.of(QualityNoted) if note.inconclusive]


def test_rotation_loses_nothing(prepared: Server, make_watch: Any) -> None:
    with superuser(prepared) as connection:
        connection.execute("ALTER SYSTEM SET log_filename = 'server-%Y%m%d%H%M%S.log'")
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(1.1)
        watch = make_watch(prepared)
        watch.observer.start()
        actor = watch.session(Role.TRAFFIC, "1")
        files = set()
        for number in range(60):
            with pytest.raises(psycopg.errors.UndefinedTable):
                actor.execute(f"SELECT * FROM missing_{number}")
            if number % 20 == 19:
                connection.execute("SELECT pg_rotate_logfile()")
                # Names carry seconds: a rotation within one would only reopen the same file.
                time.sleep(1.1)
                files.add(connection.execute("SELECT pg_current_logfile('jsonlog')").fetchone())
        watch.observer.stop()

    assert len(files) == 3
    found = [error.message for error in watch.of(ServerErrorLogged) if error.role is Role.TRAFFIC]
    assert found == [f'relation "missing_{number}" does not exist' for number in range(60)]
    assert watch.of(ObserverMeasured)[0].log_complete


def test_what_comes_faster_than_it_may_be_read_is_read_later(prepared: Server) -> None:
    tail = LogTail(version_num=prepared.version_num)
    with superuser(prepared) as reader, superuser(prepared) as writer:
        tail.begin(reader)
        # Two and a half pieces of 1 MB: half of every entry is its message.
        chatter = "DO $$ BEGIN FOR n IN 1..250 LOOP RAISE LOG 'entry % %', n, repeat('x', 10000); END LOOP; END $$"
        writer.execute(chatter)
        found: list[str] = []
        behind: list[bool] = []
        while len(found) < 250:
            found += [line.message for line in tail.read(reader, everything=False) if line.message.startswith("entry")]
            behind.append(tail.is_behind)
    assert [int(message.split()[1]) for message in found] == list(range(1, 251))
    assert True in behind
    assert behind[-1] is False


def test_a_crash_and_restart_in_the_middle(prepared: Server, make_watch: Any) -> None:
    watch = make_watch(prepared, pass_=Pass.DRILL)
    watch.observer.start()
    holder, actor = watch.session(Role.MIGRATION), watch.session(Role.TRAFFIC, "1")
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders")
    started = watch.clock.now_ns()
    thread = watch.background(actor, "SELECT status FROM orders WHERE id = 1")
    time.sleep(0.3)
    crashed = watch.clock.now_ns()
    prepared.stop(crash=True)
    prepared.start()
    thread.join(5)
    _, true_ns = blocked_for(watch, 200)
    watch.observer.stop()

    cut, later = watch.waits(Role.TRAFFIC)
    assert (cut.outcome, later.outcome) == ("cancelled", "acquired")
    assert abs(cut.start_ns - started) <= 50 * NS_PER_MS
    assert -cut.error_ns <= cut.end_ns - crashed <= 2000 * NS_PER_MS
    assert abs(later.waited_ns - true_ns) <= 50 * NS_PER_MS
    first, second = sorted(watch.holds("AccessExclusiveLock", "public.orders"), key=lambda hold: hold.start_ns)
    assert first.end_ns <= crashed + 500 * NS_PER_MS
    assert second.start_ns > crashed
    assert watch.of(ObserverMeasured)[0].log_complete
    notes = watch.of(QualityNoted)
    assert any("did not answer" in note.message for note in notes)
    assert not [note for note in notes if note.inconclusive]


def test_a_server_that_is_gone_at_the_end_makes_the_log_incomplete(
    prepared: Server, make_watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.rehearsal.observer.observer._LAST_READ_S", 0.5)
    watch = make_watch(prepared)
    watch.observer.start()
    prepared.stop(crash=True)
    watch.observer.stop()

    assert not watch.of(ObserverMeasured)[0].log_complete
    assert [note for note in watch.of(QualityNoted) if note.inconclusive]


def test_a_failure_in_a_thread_is_told_and_stop_returns(prepared: Server, make_watch: Any) -> None:
    told: list[AnyEvent] = []

    def sink(event: AnyEvent) -> None:
        if isinstance(event, ClockAnchored) and any(isinstance(e, ClockAnchored) for e in told):
            raise RuntimeError("no space left for the journal")
        told.append(event)

    watch = make_watch(prepared, sink=sink)
    watch.observer.start()
    time.sleep(1.5)
    watch.observer.stop()

    assert any("no space left" in note.message for note in told if isinstance(note, QualityNoted) and note.inconclusive)
    assert not next(event for event in told if isinstance(event, ObserverMeasured)).log_complete


def test_a_server_without_the_log_is_refused(prepared: Server, make_watch: Any) -> None:
    with pytest.raises(SandboxError, match="csvlog"):
        make_watch(OlderServer(prepared)).observer.start()


def test_two_clocks_agree(watch: Any) -> None:
    time.sleep(1.2)
    watch.observer.stop()
    anchors = watch.of(ClockAnchored)
    assert len(anchors) >= 3
    wall_now, run_now = time.time_ns(), watch.clock.now_ns()
    for anchor in anchors:
        assert anchor.error_ns <= 2 * NS_PER_MS
        assert abs((anchor.wall_ns - wall_now) - (anchor.at_ns - run_now)) <= anchor.error_ns + NS_PER_MS
