"""The load pass: baseline, migrate, settle, rollback, settle, verify, all on one clone with the application running.

Where the scenario asks for it, an A/A window comes first: everything as while migrating, and nothing migrates.
"""

from contextlib import nullcontext
from dataclasses import dataclass

from harness.model.units import NS_PER_S, parse_duration
from harness.model.words import Direction, Pass, PhaseKind
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.application import Application
from harness.rehearsal.deploy import Deploy, DeployStage, plan_deploy
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migrator import Migrator, migrator
from harness.rehearsal.observer.observer import Observer
from harness.rehearsal.stage import Stage, harness_session
from harness.rehearsal.tool_pause import resting
from harness.rehearsal.traffic.ledger import LedgerEntry
from harness.rehearsal.verification.beginning import Contents, compare_schema, read_contents, see_state
from harness.rehearsal.verification.invariants import AFTER_ROLLBACK
from harness.rehearsal.verification.ledger import check_ledger
from harness.rehearsal.verification.standing import measure_tables

_PASS = Pass.LOAD
_WARM_UP_NS = NS_PER_S
"""Before the A/A window: connections prepare their statements and caches fill, which would pass for noise."""


def run_load(stage: Stage) -> None:
    """Run the pass on a clone of its own."""
    with stage.clone(_PASS) as server, harness_session(server) as connection:
        plan = stage.pending(server)
        steps = tuple(step.name for step in plan.steps)
        deploy = plan_deploy(stage.scenario, steps=steps, workload=stage.workload)
        before = read_contents(connection, rows=False)
        stage.emit(see_state(connection, pass_=_PASS, moment="before", clock=stage.clock))
        stage.emit(measure_tables(connection, pass_=_PASS, moment="before", clock=stage.clock))
        with Application(stage, server, plan=plan) as application:
            application.start(connection, mix=deploy.initial_mix)
            load = _Load(stage, server, connection, application, deploy)
            went_back, ledger = load.perform(plan)
            _verify(load, before, ledger=ledger, went_back=went_back)


@dataclass(frozen=True, slots=True)
class _Load:
    """One load pass under way."""

    stage: Stage
    server: Server
    connection: Connection
    application: Application
    deploy: Deploy

    def perform(self, plan: MigrationPlan) -> tuple[bool, tuple[LedgerEntry, ...]]:
        """Everything that happens while the application runs; whether the way back was gone to its end, the ledger."""
        observer = Observer(self.server, clock=self.stage.clock, sink=self.stage.emit, pass_=_PASS)
        try:
            observer.start()
            ahead = self.application.stand_before
            with migrator(self.stage, self.server, plan=plan, pass_=_PASS, ahead=ahead) as change:
                witnessed = _Witnessed(change, observer, self.server, tool=plan.command is not None)
                self._calibrate(observer)
                self._baseline()
                applied, up_ok = self._go_up(witnessed)
                self._settle("up")
                self.check_invariants("end")
                if not up_ok:
                    # What a failure under load leaves, the quiet pass cannot show.
                    self.see_state("after_up")
                went_back = self._go_back(witnessed, applied) and up_ok
            ledger = self.application.stop()
        finally:
            observer.stop()
        return went_back, ledger

    def _calibrate(self, observer: Observer) -> None:
        """The A/A window of [traffic] calibration; the observer looks as closely as while the migration runs."""
        length_ns = parse_duration(self.stage.scenario.traffic.calibration)
        if self.stage.workload is None or not length_ns:
            return
        self.application.begin()
        self.application.run_for(_WARM_UP_NS)
        with self.stage.phase(_PASS, PhaseKind.CALIBRATE):
            observer.migration_started(Direction.UP)
            try:
                self.application.run_for(length_ns)
            finally:
                observer.migration_ended()

    def _baseline(self) -> None:
        with self.stage.phase(_PASS, PhaseKind.BASELINE):
            self.application.begin()
            if self.stage.workload is not None:
                self.application.run_for(parse_duration(self.stage.scenario.traffic.baseline))
            self.check_invariants("before")
            self.application.announce_migration()
            self.application.run_for(self.application.lead_ns)

    def _go_up(self, change: "_Witnessed") -> tuple[tuple[str, ...], bool]:
        """All stages until one fails; the steps that were applied, and whether all were."""
        applied: tuple[str, ...] = ()
        for deploy_stage in self.deploy.stages:
            with self.stage.phase(_PASS, PhaseKind.MIGRATE, deploy_stage.name) as phase:
                self.application.change_rate(deploy_stage.rate)
                self.application.change_mix(deploy_stage.mix)
                done, phase.ok = change.run(Direction.UP, deploy_stage.steps)
                applied += done
                if phase.ok:
                    self.application.run_for(deploy_stage.hold_ns)
            if deploy_stage.name:
                self.check_invariants(f"after:{deploy_stage.name}")
            if not phase.ok:
                return applied, False
        return applied, True

    def _settle(self, name: str) -> None:
        with self.stage.phase(_PASS, PhaseKind.SETTLE, name):
            if name == "up":
                self.application.change_mix(self.deploy.settled_mix)
            if self.stage.workload is not None:
                self.application.run_for(parse_duration(self.stage.scenario.traffic.settle))

    def _go_back(self, change: "_Witnessed", applied: tuple[str, ...]) -> bool:
        """The stages in reverse, each with the versions that ran in it; whether everything applied was undone."""
        if not self.stage.goes_back:
            return False
        for deploy_stage in reversed(self.deploy.stages):
            if not self._undo(change, deploy_stage, applied):
                return False
        self.application.change_rate(None)
        self.application.change_mix(self.deploy.initial_mix)
        self._settle("down")
        return True

    def _undo(self, change: "_Witnessed", deploy_stage: DeployStage, applied: tuple[str, ...]) -> bool:
        steps = tuple(step for step in deploy_stage.steps if step in applied)
        with self.stage.phase(_PASS, PhaseKind.ROLLBACK, deploy_stage.name) as phase:
            self.application.change_rate(deploy_stage.rate)
            self.application.change_mix(deploy_stage.mix)
            if steps or change.tool:
                _, phase.ok = change.run(Direction.DOWN, steps)
        return phase.ok

    def see_state(self, moment: str) -> None:
        """Journal what stands there now that should not stay."""
        self.stage.emit(see_state(self.connection, pass_=_PASS, moment=moment, clock=self.stage.clock))

    def check_invariants(self, moment: str) -> None:
        """Journal the invariants that are due at `moment`."""
        self.stage.check_invariants(self.connection, pass_=_PASS, moment=moment)


@dataclass(frozen=True, slots=True)
class _Witnessed:
    """A migrator that tells the observer when it runs; a tool's process goes the whole way at once."""

    change: Migrator
    observer: Observer
    server: Server
    tool: bool

    def run(self, direction: Direction, steps: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
        """The steps that were applied, and whether all were."""
        if not steps and not self.tool:
            return (), True
        with resting(self.server, rest_s=0) if self.tool else nullcontext():
            self.observer.migration_started(direction, tool=self.tool)
            try:
                outcome = self.change.run(direction, steps=None if self.tool else steps)
            finally:
                self.observer.migration_ended()
        return outcome.applied, outcome.ok


def _verify(load: _Load, before: Contents, *, ledger: tuple[LedgerEntry, ...], went_back: bool) -> None:
    stage = load.stage
    with stage.phase(_PASS, PhaseKind.VERIFY):
        stage.emit(measure_tables(load.connection, pass_=_PASS, moment="end", clock=stage.clock))
        if went_back:
            load.see_state("after_down")
            after = read_contents(load.connection, rows=False)
            stage.emit(compare_schema(before, after, pass_=_PASS, clock=stage.clock))
            load.check_invariants(AFTER_ROLLBACK)
        if stage.workload is not None:
            stage.emit(
                check_ledger(
                    load.connection,
                    ledger,
                    written=load.application.written,
                    after_rollback=went_back,
                    clock=stage.clock,
                )
            )
