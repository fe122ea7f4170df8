"""One rehearsal from a loaded scenario to a whole run directory: phases in order, cleanup on every path."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from harness.events.run import QualityNoted, RunEnded, RunInterrupted, SnapshotReady
from harness.model.clock import RunClock
from harness.model.errors import HarnessError, SandboxError, SpecError
from harness.model.redaction import mask_credentials, redact_message
from harness.rehearsal.derive import derive_workload
from harness.rehearsal.identity import describe_run
from harness.rehearsal.journal.layout import RunDirectory
from harness.rehearsal.journal.writer import JournalWriter
from harness.rehearsal.load_pass import run_load
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.options import Options
from harness.rehearsal.probes.run import run_probes
from harness.rehearsal.production import note_sizes, production_of
from harness.rehearsal.second_opinion import ask_second_opinion
from harness.rehearsal.stage import Stage
from harness.rehearsal.trace_pass import run_trace
from harness.rehearsal.traffic.antagonists.plan import plan_antagonists
from harness.sandbox.choose import choose_engine
from harness.sandbox.collect import collect_everything
from harness.snapshot.prepare import prepare_snapshot
from harness.spec.load import LoadedScenario
from harness.spec.workload import Workload, build_workload

Passes = Callable[[Stage], None]
"""What is done with a stage that is ready: clones, and what happens on them."""


def rehearse(loaded: LoadedScenario, options: Options, *, passes: Passes | None = None) -> RunDirectory:
    """Rehearse a scenario and return its run directory, which holds the whole journal.

    What the migration, the application or the rollback does wrong is in the journal. A SpecError, and anything before
    the first clone stands, leaves no run directory; an interruption or an error later leaves one that says so.
    `passes` instead of those of a whole rehearsal are another experiment on the same stage.
    """
    plan = build_plan(loaded.scenario, folder=loaded.folder, file=str(loaded.path))
    # What cannot be aimed at is told before anything is started.
    plan_antagonists(loaded.scenario.traffic, path=loaded.path, plan=plan)
    workload = _workload(loaded)
    production_of(loaded)
    directory = RunDirectory(options.out)
    with JournalWriter(directory, describe_run(loaded, options=options, sources=plan.sources)) as journal:
        try:
            stage = _prepare(loaded, options, plan=plan, workload=workload, journal=journal, clock=RunClock.start())
            with _given_back(stage):
                _perform(stage, passes or _all_passes)
        except BaseException as error:
            if isinstance(error, SpecError) or not journal.begun:
                journal.close()
                shutil.rmtree(directory.path)
            raise
    return directory


def _workload(loaded: LoadedScenario) -> Workload | None:
    traffic = loaded.scenario.traffic
    if not traffic.operation:
        return None
    return build_workload(traffic, path=loaded.path, phases=loaded.scenario.phase)


def _prepare(
    loaded: LoadedScenario,
    options: Options,
    *,
    plan: MigrationPlan,
    workload: Workload | None,
    journal: JournalWriter,
    clock: RunClock,
) -> Stage:
    """Engine and snapshot, after what an earlier killed run left has been removed."""
    spec = loaded.scenario.postgres
    engine = choose_engine(spec, home=options.home, owned=options.owned, on_progress=options.on_progress)
    collect_everything(options.home)
    if engine.name == "external":
        engine.collect()
    snapshot = prepare_snapshot(engine, loaded, home=options.home, on_progress=options.on_progress)
    stage = Stage(
        loaded=loaded,
        options=options,
        clock=clock,
        journal=journal,
        engine=engine,
        digest=snapshot.digest,
        plan=plan,
        workload=workload,
    )
    stage.emit(
        SnapshotReady(
            at_ns=clock.now_ns(),
            source=snapshot.source_name,
            digest=snapshot.digest,
            cached=snapshot.cached,
            size_bytes=snapshot.size_bytes,
            duration_ns=snapshot.duration_ns,
            tables=snapshot.tables,
            rows=snapshot.rows,
        )
    )
    for note in snapshot.notes:
        stage.emit(QualityNoted(at_ns=clock.now_ns(), subject="the snapshot", message=note, inconclusive=False))
    return stage


@contextmanager
def _given_back(stage: Stage) -> Iterator[None]:
    """Somebody else's server keeps nothing of ours: a snapshot there is of no use to another process."""
    try:
        yield
    finally:
        if stage.engine.name == "external":
            stage.engine.forget(stage.digest)


def _all_passes(stage: Stage) -> None:
    """A whole rehearsal."""
    run_trace(stage)
    run_probes(stage)
    run_load(stage)


def _perform(stage: Stage, passes: Passes) -> None:
    """The passes in order; the journal's last event says whether they came to their end."""
    complete = False
    try:
        note_sizes(stage)
        ask_second_opinion(stage)
        stage = derive_workload(stage)
        passes(stage)
        complete = True
    except KeyboardInterrupt:
        _interrupted(stage, "stopped by Ctrl-C or SIGTERM")
        raise
    except HarnessError as error:
        _interrupted(stage, error.message)
        raise
    except psycopg.Error as error:
        lost = _server_lost(error)
        _interrupted(stage, lost.message)
        raise lost from error
    finally:
        stage.journal.join_operations()
        stage.emit(RunEnded(at_ns=stage.clock.now_ns(), complete=complete))


def _server_lost(error: psycopg.Error) -> SandboxError:
    """The harness's own questions only fail where the server does: it crashed, ran out of disk, or was stopped."""
    said = error.diag.message_primary or (str(error).splitlines() or [""])[0]
    return SandboxError(
        f"the server failed under the rehearsal: {redact_message(said, sqlstate=error.sqlstate or '')}",
        hint="is its disk full, was it out of memory or stopped by somebody? The run directory has what came before",
    )


def _interrupted(stage: Stage, reason: str) -> None:
    stage.emit(RunInterrupted(at_ns=stage.clock.now_ns(), reason=mask_credentials(reason)))
