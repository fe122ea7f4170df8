"""The trace pass and the probes of a scenario that a test writes, without the load pass."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from harness.events.history import History
from harness.model.clock import RunClock
from harness.postgres.ports import Home
from harness.rehearsal.identity import describe_run
from harness.rehearsal.journal.layout import RunDirectory
from harness.rehearsal.journal.reader import read_history
from harness.rehearsal.journal.writer import JournalWriter
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.options import Options
from harness.rehearsal.probes.run import run_probes
from harness.rehearsal.stage import Stage
from harness.rehearsal.trace_pass import run_trace
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.prepare import prepare_snapshot
from harness.spec.load import load_scenario
from harness.spec.workload import build_workload

HEAD = """
name = "probe"
[postgres]
engine = "embedded"
version = "18"
settings = { fsync = "off" }
[snapshot]
setup = ["setup.sql"]
"""


def quiet_history(home: Path, folder: Path, *, scenario: str, files: Mapping[str, str]) -> History:
    """What both passes wrote down."""
    for name, text in {**files, "scenario.toml": HEAD + textwrap.dedent(scenario)}.items():
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    loaded = load_scenario(folder / "scenario.toml")
    plan = build_plan(loaded.scenario, folder=loaded.folder)
    engine = EmbeddedEngine(loaded.scenario.postgres, home=Home(home))
    options = Options(home=home, out=folder / "run", run_id="probe", command=())
    snapshot = prepare_snapshot(engine, loaded, home=home, on_progress=options.on_progress)
    directory = RunDirectory(options.out)
    with JournalWriter(directory, describe_run(loaded, options=options, sources=plan.sources)) as journal:
        stage = Stage(
            loaded=loaded,
            options=options,
            clock=RunClock.start(),
            journal=journal,
            engine=engine,
            digest=snapshot.digest,
            plan=plan,
            workload=build_workload(loaded.scenario.traffic, path=loaded.path, phases=loaded.scenario.phase),
        )
        run_trace(stage)
        run_probes(stage)
        journal.join_operations()
    return read_history(directory.path)
