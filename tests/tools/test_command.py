"""The process itself: environment, exit codes, what is printed, time limits, cancelling."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.events.base import Event
from harness.events.migration import ToolEnded
from harness.model.clock import RunClock
from harness.model.errors import SpecError
from harness.model.words import Direction, Pass
from harness.postgres.binaries import find_client
from harness.postgres.ports import Server
from harness.rehearsal.migration.command import CommandRunner
from harness.rehearsal.migration.sources import build_plan
from harness.spec.scenario import MigrationSpec, RollbackSpec, Scenario, ToolCommand

pytestmark = [pytest.mark.tools, pytest.mark.postgres]

Make = Callable[..., tuple[CommandRunner, list[Event]]]


@pytest.fixture
def make(module_server: Server, tmp_path: Path) -> Make:
    """A runner of one command, and its events."""

    def made(up: str, *, timeout_s: float | None = None, options: str = "") -> tuple[CommandRunner, list[Event]]:
        spec = MigrationSpec(tool="command", command=ToolCommand(up=up))
        plan = build_plan(Scenario(name="x", migration=spec, rollback=RollbackSpec(run=False)), folder=tmp_path)
        events: list[Event] = []
        runner = CommandRunner(
            plan,
            server=module_server,
            pass_=Pass.LOAD,
            clock=RunClock.start(),
            sink=events.append,
            environment={"PATH": "/usr/bin:/bin", "PGOPTIONS": options},
            timeout_s=timeout_s,
        )
        return runner, events

    return made


def _ended(events: list[Event]) -> ToolEnded:
    (event,) = events
    assert isinstance(event, ToolEnded)
    return event


def test_the_clone_is_in_the_environment_and_options_are_kept(make: Make) -> None:
    psql = find_client("psql", 18)
    shown = "select current_setting(x) from unnest(array['application_name','work_mem','log_min_duration_statement']) x"
    runner, events = make(f'{psql} -XAt -c "{shown}"; echo "$DATABASE_URL"', options="-c work_mem=7MB")
    assert runner.run(Direction.UP).ok
    lines = _ended(events).output.splitlines()
    # psql names itself where PGAPPNAME does not; ours wins.
    assert lines[:3] == ["rehearse/migration", "7MB", "0"]
    assert ":***@127.0.0.1" in lines[3]


def test_a_failing_command_is_an_outcome_and_its_rows_are_not_kept(make: Make) -> None:
    psql = find_client("psql", 18)
    runner, events = make(
        f'{psql} -X -v ON_ERROR_STOP=1 -c "create table p (m text primary key)" '
        "-c \"insert into p values ('anna')\" -c \"insert into p values ('anna')\""
    )
    outcome = runner.run(Direction.UP)
    assert (outcome.ok, outcome.sqlstate) == (False, "XX000")
    ended = _ended(events)
    assert ended.exit_code == 1
    assert "duplicate key" in ended.output
    assert "anna" not in ended.output


def test_a_command_that_is_not_there_is_a_mistake_of_the_scenario(make: Make) -> None:
    runner, _ = make("no-such-tool up")
    with pytest.raises(SpecError, match="no-such-tool"):
        runner.run(Direction.UP)


def test_a_time_limit_ends_the_whole_group(make: Make, tmp_path: Path) -> None:
    runner, events = make("(sleep 2; touch late) & sleep 60", timeout_s=0.3)
    started = time.monotonic()
    outcome = runner.run(Direction.UP)
    assert time.monotonic() - started < 20
    assert outcome.message == "timed out"
    assert "(timed out)" in _ended(events).output
    time.sleep(2.2)
    assert not (tmp_path / "late").exists()


def test_cancel_ends_the_tool(make: Make) -> None:
    runner, events = make("trap '' TERM; echo started; while :; do sleep 0.05; done")
    timer = threading.Timer(0.3, runner.cancel)
    timer.start()
    outcome = runner.run(Direction.UP)
    timer.join()
    assert (outcome.cancelled, outcome.ok) == (True, False)
    assert _ended(events).exit_code < 0
