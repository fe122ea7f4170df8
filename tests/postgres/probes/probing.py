"""The trace pass and the probes of a scenario that a test writes, without a load pass; what they journal."""

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
from tests.postgres.rehearsal.rehearsals import write_files

HEAD = """
    name = "probes"
    [postgres]
    engine = "embedded"
    version = "18"
    settings = { fsync = "off" }
    [snapshot]
    setup = ["setup.sql"]
    """


def quiet_run(scenario: str, files: Mapping[str, str], *, folder: Path, home: Path) -> History:
    """What trace pass and probes journal; `scenario` comes after HEAD, `files` hold setup.sql and what it names."""
    write_files(folder, {**files, "scenario.toml": HEAD + scenario})
    loaded = load_scenario(folder / "scenario.toml")
    options = Options(home=home, out=folder / "run", run_id="probes", command=())
    engine = EmbeddedEngine(loaded.scenario.postgres, home=Home(home))
    snapshot = prepare_snapshot(engine, loaded, home=home, on_progress=options.on_progress)
    traffic, phases = loaded.scenario.traffic, loaded.scenario.phase
    plan = build_plan(loaded.scenario, folder=loaded.folder, file=str(loaded.path))
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
            workload=build_workload(traffic, path=loaded.path, phases=phases) if traffic.operation else None,
        )
        run_trace(stage)
        run_probes(stage)
        journal.join_operations()
    return read_history(directory.path)
