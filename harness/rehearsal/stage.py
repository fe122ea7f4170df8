"""What every pass works with: the scenario, the engine and the snapshot, the clock, and the journal's sink."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.events.codec import AnyEvent
from harness.events.run import CloneMade, PhaseEnded, PhaseStarted, QualityNoted
from harness.model.clock import RunClock
from harness.model.words import Pass, PhaseKind, Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Engine, Server
from harness.rehearsal.journal.writer import JournalWriter
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.prisma import only_pending
from harness.rehearsal.options import Options
from harness.rehearsal.traced import Traced
from harness.rehearsal.verification.invariants import check_invariants
from harness.spec.load import LoadedScenario
from harness.spec.scenario import Restore, Scenario
from harness.spec.workload import Workload


@dataclass(slots=True)
class PhaseOutcome:
    """Whether the phase did what it was for; the body of the phase says so."""

    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One run's surroundings; `workload` is None where the scenario has no operations."""

    loaded: LoadedScenario
    options: Options
    clock: RunClock
    journal: JournalWriter
    engine: Engine
    digest: str
    plan: MigrationPlan
    workload: Workload | None
    traced: Traced = field(default_factory=Traced)
    """What the trace pass saw of the way up, for the probes to aim at."""

    @property
    def scenario(self) -> Scenario:
        """The scenario as resolved."""
        return self.loaded.scenario

    def emit(self, event: AnyEvent) -> None:
        """Journal an event, and show it to whoever watches; from any thread."""
        if not self.journal.muted:
            self.journal.emit(event)
            self.traced.take(event)
            self.options.watch(event)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Journal nothing meanwhile: for what is repeated only to see whether it works."""
        self.journal.muted = True
        try:
            yield
        finally:
            self.journal.muted = False

    @property
    def goes_back(self) -> bool:
        """Whether there is a way back to run."""
        rollback = self.scenario.rollback
        return rollback.run and rollback.restore is not Restore.NONE

    def pending(self, server: Server) -> MigrationPlan:
        """The plan, without what the database says is applied already."""
        if self.plan.tool != "prisma" or self.scenario.migration.steps != "pending":
            return self.plan
        return only_pending(self.plan, server=server)

    def note(self, subject: str, message: str, *, inconclusive: bool, remedy: str = "") -> None:
        """Journal a limit of what this run proves."""
        self.emit(
            QualityNoted(
                at_ns=self.clock.now_ns(), subject=subject, message=message, inconclusive=inconclusive, remedy=remedy
            )
        )

    def check_invariants(self, connection: Connection, *, pass_: Pass, moment: str, due: str = "") -> None:
        """Journal the invariants that are due at `moment`, or at what `due` names instead."""
        for event in check_invariants(
            connection,
            self.scenario.invariant,
            folder=self.loaded.folder,
            pass_=pass_,
            moment=moment,
            due=due,
            clock=self.clock,
        ):
            self.emit(event)

    @contextmanager
    def phase(self, pass_: Pass, kind: PhaseKind, name: str = "") -> Iterator[PhaseOutcome]:
        """Journal the beginning and the end of a phase, also of one that is broken off."""
        self.emit(PhaseStarted(at_ns=self.clock.now_ns(), pass_=pass_, phase=kind, name=name))
        outcome = PhaseOutcome()
        try:
            yield outcome
        except BaseException:
            outcome.ok = False
            raise
        finally:
            self.emit(PhaseEnded(at_ns=self.clock.now_ns(), pass_=pass_, phase=kind, name=name, ok=outcome.ok))

    @contextmanager
    def clone(self, pass_: Pass) -> Iterator[Server]:
        """A pass's own server on its own copy of the snapshot, removed afterwards on every path."""
        with self.phase(pass_, PhaseKind.CLONE):
            server = self.engine.clone(self.digest, on_progress=self.options.on_progress)
        self.journal.begun = True
        try:
            if report := server.clone_report:
                self.emit(
                    CloneMade(
                        at_ns=self.clock.now_ns(),
                        pass_=pass_,
                        method=report.method,
                        size_bytes=report.size_bytes,
                        duration_ns=report.duration_ns,
                    )
                )
            yield server
        finally:
            server.discard()


@contextmanager
def harness_session(server: Server) -> Iterator[Connection]:
    """A connection of the harness's own role, closed afterwards."""
    connection = connect(server.conninfo(application_name=Role.HARNESS.application_name))
    try:
        yield connection
    finally:
        connection.close()
