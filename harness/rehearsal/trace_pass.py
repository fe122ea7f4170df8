"""The trace pass: every statement alone, quiet; then the way back, and what it did not restore; then up once more."""

from contextlib import ExitStack

from harness.events.run import EngineChosen
from harness.model.errors import SpecError
from harness.model.words import Direction, Pass, PhaseKind
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.deploy import plan_deploy
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.tracer import Tracer
from harness.rehearsal.migrator import Migrator, migrator
from harness.rehearsal.observer.observer import Observer
from harness.rehearsal.quiet import begin_quiet, tell_quiet
from harness.rehearsal.stage import Stage, harness_session
from harness.rehearsal.tool_work import ToolWork
from harness.rehearsal.traffic.antagonists.plan import sessions_needed
from harness.rehearsal.traffic.fitness import check_operations
from harness.rehearsal.traffic.samples import load_samples
from harness.rehearsal.verification.beginning import (
    Contents,
    compare_rows,
    compare_schema,
    destroyed_by,
    read_contents,
    see_state,
)
from harness.rehearsal.verification.standing import measure_state, schema_changed
from harness.rehearsal.verification.tables import see_tables

_PASS = Pass.TRACE
# The harness's own session, the observer's three, the migration's two, and superuser_reserved_connections beside them.
_OWN_SESSIONS = 8


def run_trace(stage: Stage) -> None:
    """Run the pass on a clone of its own."""
    with stage.clone(_PASS) as server:
        _tell_engine(stage, server)
        with stage.phase(_PASS, PhaseKind.TRACE) as phase, harness_session(server) as connection:
            plan = stage.pending(server)
            _check_workload(stage, connection)
            before = _begin(stage, connection)
            with ExitStack() as stack:
                change = _open(stage, server, plan=plan, stack=stack)
                phase.ok = _there_and_back(stage, change, connection=connection, plan=plan, before=before)


def _check_workload(stage: Stage, connection: Connection) -> None:
    """An operation that does not fit, or a parameter without values, is told before anything is migrated."""
    if stage.workload is not None:
        steps = tuple(step.name for step in stage.plan.steps)
        deploy = plan_deploy(stage.scenario, steps=steps, workload=stage.workload)
        seed = stage.scenario.seed
        samples = load_samples(connection, stage.workload, seed=seed)
        check_operations(connection, stage.workload, mix=deploy.initial_mix, samples=samples, seed=seed)
        _check_room(stage, connection)


def _check_room(stage: Stage, connection: Connection) -> None:
    """More actors than the server lets in would be told only when the load pass begins."""
    row = connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    limit = int(row[0]) if row else 0
    actors = stage.scenario.traffic.actors
    needed = actors + sessions_needed(stage.scenario.traffic) + _OWN_SESSIONS
    if needed > limit:
        raise SpecError(
            f"{actors} actors do not fit into max_connections = {limit}, of which antagonists, migration and observer "
            f"take {needed - actors}",
            path=stage.loaded.path,
            key="traffic.actors",
            hint=f"the most is {limit - needed + actors}; or a larger max_connections, if production has it, in "
            "[postgres] settings",
        )


def _tell_engine(stage: Stage, server: Server) -> None:
    stage.emit(
        EngineChosen(
            at_ns=stage.clock.now_ns(),
            requested=stage.scenario.postgres.engine.value,
            engine=server.engine,
            reason=stage.engine.reason,
            description=server.description,
            version=server.version,
            version_num=server.version_num,
        )
    )


def _open(stage: Stage, server: Server, *, plan: MigrationPlan, stack: ExitStack) -> Migrator:
    """A plan of SQL gets the tracer around each statement; a tool's own sessions are witnessed from outside."""
    if plan.command is None:
        tracer = stack.enter_context(Tracer(server=server, clock=stage.clock, sink=stage.emit, pass_=_PASS))
        return stack.enter_context(migrator(stage, server, plan=plan, pass_=_PASS, hook=tracer))
    observer = Observer(server, clock=stage.clock, sink=stage.emit, pass_=_PASS)
    stack.callback(observer.stop)
    observer.start()
    inner = stack.enter_context(migrator(stage, server, plan=plan, pass_=_PASS))
    return ToolWork(inner=inner, observer=observer, server=server, clock=stage.clock, sink=stage.emit, pass_=_PASS)


def _begin(stage: Stage, connection: Connection) -> Contents:
    stage.emit(see_state(connection, pass_=_PASS, moment="before", clock=stage.clock))
    stage.emit(measure_state(connection, pass_=_PASS, moment="before", clock=stage.clock))
    for table in see_tables(connection, stage.plan, pass_=_PASS, clock=stage.clock):
        stage.emit(table)
    return read_contents(connection, rows=True)


def _there_and_back(
    stage: Stage, change: Migrator, *, connection: Connection, plan: MigrationPlan, before: Contents
) -> bool:
    quiet = begin_quiet(stage, change, connection=connection, plan=plan, contents=before)
    up = change.run(Direction.UP)
    stage.emit(measure_state(connection, pass_=_PASS, moment="after_up", clock=stage.clock))
    after_up = read_contents(connection, rows=True)
    stage.emit(schema_changed(before, after_up, pass_=_PASS, clock=stage.clock))
    stage.emit(destroyed_by(before, after_up, conn=connection, pass_=_PASS, clock=stage.clock))
    stage.emit(see_state(connection, pass_=_PASS, moment="after_up", clock=stage.clock))
    if up.ok:
        tell_quiet(stage, change, connection=connection, plan=plan, before=quiet, contents=after_up)
    if not stage.goes_back or (not up.ok and stage.plan.tool != "sql"):
        # A tool's own state after a failure is for the tool to mend.
        return up.ok
    # Also after a failure: whoever stands before a half-applied change reaches for the way back.
    down = change.run(Direction.DOWN, steps=None if up.ok else (*up.applied, up.failed_step))
    stage.emit(measure_state(connection, pass_=_PASS, moment="after_down", clock=stage.clock))
    after_down = read_contents(connection, rows=True)
    stage.emit(see_state(connection, pass_=_PASS, moment="after_down", clock=stage.clock))
    stage.emit(compare_schema(before, after_down, pass_=_PASS, clock=stage.clock))
    stage.emit(compare_rows(before, after_down, pass_=_PASS, clock=stage.clock))
    return up.ok and down.ok and _up_again(stage, change)


def _up_again(stage: Stage, change: Migrator) -> bool:
    """A way back that the change cannot follow again has left something behind; its statements are not told twice."""
    with stage.muted():
        again = change.run(Direction.UP)
    if not again.ok:
        stage.note(
            "up after down",
            f"going up again after the rollback failed in step {again.failed_step} ({again.sqlstate}): {again.message}",
            inconclusive=False,
            remedy="let the down path remove everything that the up path makes",
        )
    return again.ok
