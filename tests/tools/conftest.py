"""A database for a tool's process, the runner that starts it, and the real Prisma CLI.

Prisma's engine comes from a host that tests do not reach; a stand-in of the same engine in WebAssembly serves, from a
folder outside the repository. Users have the native engine and need none of it.
"""

import os
import shutil
import subprocess
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

_ENVIRONMENT = "REHEARSE_PRISMA"
_RECIPE = Path(os.environ.get(_ENVIRONMENT) or Path(__file__).parents[3] / "shared" / "prisma")


@pytest.fixture(scope="session")
def prisma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Prisma's example project and the stand-in for its engine, both installed."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    if not (_RECIPE / "shim").is_dir():
        pytest.skip(f"no stand-in for Prisma's engine here; name its folder in {_ENVIRONMENT}")
    folder = tmp_path_factory.mktemp("prisma")
    for name in ("shim", "prisma7-example"):
        shutil.copytree(_RECIPE / name, folder / name, ignore=shutil.ignore_patterns("node_modules"))
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder / name, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm could not install {name}: {done.stderr.strip()[-200:]}")
    (folder / "shim" / "schema-engine.mjs").chmod(0o755)
    return folder


@pytest.fixture
def prisma_project(prisma: Path, tmp_path: Path) -> Path:
    """A project of the test's own with Prisma's example in it; its modules are the session's."""
    project = tmp_path / "project"
    shutil.copytree(prisma / "prisma7-example", project, ignore=shutil.ignore_patterns("node_modules"))
    (project / "node_modules").symlink_to(prisma / "prisma7-example" / "node_modules")
    return project


@pytest.fixture
def prisma_environment(prisma: Path) -> dict[str, str]:
    """What Prisma needs in its environment here, beside the database's address."""
    return {
        "CHECKPOINT_DISABLE": "1",
        "PRISMA_HIDE_UPDATE_MESSAGE": "1",
        "PRISMA_SCHEMA_ENGINE_BINARY": str(prisma / "shim" / "schema-engine.mjs"),
    }


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
