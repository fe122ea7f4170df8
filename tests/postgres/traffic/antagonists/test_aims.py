"""An aimed antagonist is in place before the statement it is aimed at, and before that one's transaction begins."""

from pathlib import Path
from typing import Any

import pytest

from harness.events.base import Event
from harness.events.migration import StatementEnded, StatementStarted
from harness.events.traffic import AntagonistActed
from harness.model.units import NS_PER_MS
from harness.model.words import Direction, Pass
from harness.rehearsal.migration.hook import Upcoming
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import SqlRunner
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.traffic.antagonists.process import Aimed, AntagonistProcess
from harness.spec.scenario import MigrationSpec, Scenario, Transaction

pytestmark = pytest.mark.postgres

UP = {
    "001_notes.up.sql": "CREATE TABLE notes (id int); INSERT INTO notes VALUES (1);",
    "001_notes.down.sql": "DROP TABLE notes;",
    "002_more.up.sql": "INSERT INTO notes VALUES (2); alter  table orders\n ADD COLUMN more int;",
    "002_more.down.sql": "ALTER TABLE orders DROP COLUMN more;",
}


class Aimer:
    """A migration with one antagonist aimed at it, as the load pass does it."""

    def __init__(self, stage: Any, folder: Path, **migration: Any) -> None:
        stage.conn.execute("DROP TABLE IF EXISTS notes")
        for name, text in UP.items():
            (folder / name).write_text(text)
        self.stage = stage
        self.spec = MigrationSpec(**migration)
        self.plan: MigrationPlan = build_plan(Scenario(name="t", migration=self.spec), folder=folder)
        self.events: list[Event] = []
        self.aimed: list[tuple[str, Aimed]] = []
        self.antagonist: AntagonistProcess | None = None

    def run(self, *directions: Direction, **antagonist: Any) -> tuple[AntagonistActed, ...]:
        """Start the antagonist, migrate, and say what it did."""
        self.antagonist = process = self.stage.start(plan=self.plan, **antagonist)
        process.begin(at_ns=self.stage.clock.now_ns())
        runner = SqlRunner(
            self.plan, spec=self.spec, server=self.stage.server, pass_=Pass.LOAD, clock=self.stage.clock,
            sink=self.events.append, ahead=self._stand,
        )  # fmt: skip
        with runner:
            for direction in directions:
                assert runner.run(direction).ok
        acts: tuple[AntagonistActed, ...] = process.stop()
        return acts

    def _stand(self, upcoming: Upcoming) -> None:
        assert self.antagonist is not None
        if wanted := self.antagonist.aims_at([s.id for s in upcoming.statements]):
            aimed = self.antagonist.aim(wanted)
            self.aimed.append((wanted[0], aimed))
            self.stage.clock.sleep_until(self.stage.clock.now_ns() + aimed.lead_ns)

    def span(self, statement: str) -> tuple[int, int]:
        """When it was sent and when it had ended."""
        started = [e for e in self.events if isinstance(e, StatementStarted) and e.statement == statement]
        ended = [e for e in self.events if isinstance(e, StatementEnded) and e.statement == statement]
        return started[0].at_ns, ended[-1].at_ns


@pytest.mark.parametrize("before", ["S4", "002_more"])
def test_the_reader_is_in_place_and_the_statement_waits_for_it(stage: Any, tmp_path: Path, before: str) -> None:
    aimer = Aimer(stage, tmp_path, transaction=Transaction.AS_WRITTEN)
    (acted,) = aimer.run(Direction.UP, kind="long_reader", table="orders", hold="1s", lead="150ms", before=before)
    aimed_at = "S3" if before == "002_more" else "S4"
    assert (acted.placement, acted.aimed_at, acted.sqlstate) == ("aimed", aimed_at, "")
    sent, ended = aimer.span("S4")
    assert aimer.aimed == [(aimed_at, Aimed(150 * NS_PER_MS, ()))]
    assert acted.in_place_ns + 150 * NS_PER_MS <= sent < acted.end_ns <= ended + 50 * NS_PER_MS
    assert ended - acted.in_place_ns >= 990 * NS_PER_MS
    assert aimer.span("S2")[1] < acted.start_ns


def test_it_stands_before_the_transaction_so_that_no_lock_is_held_meanwhile(stage: Any, tmp_path: Path) -> None:
    aimer = Aimer(stage, tmp_path, transaction=Transaction.STEP)
    (acted,) = aimer.run(Direction.UP, kind="long_reader", table="orders", hold="800ms", before="S4")
    assert acted.aimed_at == "S4"
    assert aimer.span("S2")[1] < acted.start_ns < acted.in_place_ns < aimer.span("S3")[0]
    assert aimer.span("S4")[1] > acted.end_ns - 50 * NS_PER_MS


def test_it_comes_once_although_the_statement_is_retried(stage: Any, tmp_path: Path) -> None:
    aimer = Aimer(
        stage, tmp_path, lock_timeout="100ms", retries=20, retry_delay="5ms", transaction=Transaction.AS_WRITTEN
    )
    acts = aimer.run(
        Direction.UP, Direction.DOWN, kind="long_reader", table="orders", hold="400ms", before="alter table"
    )
    assert [act.aimed_at for act in acts] == ["S4", "R1"]
    tries = [e for e in aimer.events if isinstance(e, StatementStarted) and e.statement == "S4"]
    assert len(tries) > 1


def test_one_that_fails_does_not_keep_the_migration_waiting(stage: Any, tmp_path: Path) -> None:
    aimer = Aimer(stage, tmp_path)
    (acted,) = aimer.run(Direction.UP, kind="long_reader", table="nowhere", before="S1")
    assert acted.sqlstate == "42P01"
    assert aimer.aimed[0][1].missing == ("long_reader before S1: it failed (42P01)",)


def test_also_those_that_take_a_while_are_awaited(stage: Any, tmp_path: Path) -> None:
    aimer = Aimer(stage, tmp_path, transaction=Transaction.AS_WRITTEN)
    (acted,) = aimer.run(Direction.UP, kind="wraparound_vacuum", table="orders", hold="1s", before="S4", lead="50ms")
    sent, ended = aimer.span("S4")
    assert acted.in_place_ns + 50 * NS_PER_MS <= sent
    assert ended - sent > 500 * NS_PER_MS
    assert stage.sessions() == 0
