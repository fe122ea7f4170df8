"""A database for a tool's process, and the runner that starts it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.events.base import Event
from harness.events.migration import ToolEnded
from harness.model.clock import RunClock
from harness.model.words import Direction, Pass
from harness.postgres.ports import Server
from harness.rehearsal.migration.command import CommandRunner
from harness.rehearsal.migration.sources import build_plan
from harness.spec.scenario import MigrationSpec, Scenario, ToolCommand

RunTool = Callable[..., list[ToolEnded]]


@pytest.fixture
def run_tool() -> RunTool:
    """Runs a tool up, then down: `run_tool(server, folder, up=…, down=…, environment=…)`; its two ToolEnded events."""

    def run(server: Server, folder: Path, *, up: str, down: str, environment: Mapping[str, str]) -> list[ToolEnded]:
        spec = MigrationSpec(tool="command", command=ToolCommand(up=up, down=down))
        plan = build_plan(Scenario(name="tool", migration=spec), folder=folder)
        events: list[Event] = []
        runner = CommandRunner(
            plan,
            server=server,
            pass_=Pass.LOAD,
            clock=RunClock.start(),
            sink=events.append,
            environment=environment,
            timeout_s=120,
        )
        for direction in Direction:
            outcome = runner.run(direction)
            ended = events[-1]
            assert isinstance(ended, ToolEnded)
            assert outcome.ok, ended.output
        return [event for event in events if isinstance(event, ToolEnded)]

    return run
