"""The application of a load pass: traffic and antagonists together, and what becomes of them in the journal."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.events.migration import MigrationPaused
from harness.events.run import MixChanged
from harness.events.traffic import ActorConnected, RateChanged, TrafficBegan, TrafficLost
from harness.model.errors import HarnessError
from harness.model.units import NS_PER_MS, NS_PER_S, parse_duration
from harness.model.words import Pass, Role
from harness.postgres.connect import Connection
from harness.postgres.names import qualify
from harness.postgres.ports import Server
from harness.rehearsal.migration.hook import Upcoming
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.stage import Stage
from harness.rehearsal.traffic.antagonists.plan import plan_antagonists
from harness.rehearsal.traffic.antagonists.process import AntagonistProcess
from harness.rehearsal.traffic.fitness import check_operations
from harness.rehearsal.traffic.ledger import LedgerEntry
from harness.rehearsal.traffic.misses import exhaustion
from harness.rehearsal.traffic.plan import Backend, TrafficPlan
from harness.rehearsal.traffic.process import TrafficProcess
from harness.rehearsal.traffic.samples import ledger_keys, load_samples
from harness.rehearsal.traffic.scale import pgbench_scale
from harness.rehearsal.traffic_events import declared, planned, summed_up
from harness.sandbox.leftovers import new_owned_folder, remove_tree
from harness.spec.workload import with_scale

PRIVATE = "private"
"""Below the harness's home: what may hold personal data and never reaches a run directory."""

# What was under way when traffic stops gets this long, which is longer than a lock_timeout or retry of any sane
# migration; what is still not done then counts as abandoned.
_DRAIN_NS = 3_000 * NS_PER_MS
_POLL_NS = 20 * NS_PER_MS
# Operations that hold a connection when nobody waits for one end within this, long ones aside: an application's
# transactions last milliseconds.
_LAST_OPERATIONS_NS = 300 * NS_PER_MS
# How often the traffic's processes are listened to while nothing else happens.
_LISTEN_NS = 200 * NS_PER_MS


class Application:
    """Runs from `start` to `stop`; a context manager that leaves no process and no private file behind."""

    def __init__(self, stage: Stage, server: Server, *, plan: MigrationPlan) -> None:
        self._stage = stage
        self._server = server
        self._traffic: TrafficProcess | None = None
        self._antagonists = AntagonistProcess(
            plan_antagonists(
                stage.scenario.traffic,
                path=stage.loaded.path,
                plan=plan,
                seed=stage.scenario.seed,
                alone=server.engine != "external",
            ),
            conninfo=server.conninfo(application_name=Role.ANTAGONIST.application_name),
            clock=stage.clock,
        )
        self._cleanup = ExitStack()
        self._written: tuple[str, ...] = ()
        self._began_ns: int | None = None
        self._mix: dict[str, float] = {}
        self._rate: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def written(self) -> tuple[str, ...]:
        """The relations that operations write, as schema.table."""
        return self._written

    @property
    def lead_ns(self) -> int:
        """How long before the migration an antagonist wants to begin."""
        return self._antagonists.lead_ns

    def start(self, connection: Connection, *, mix: Mapping[str, float]) -> None:
        """Sample parameters, check that every operation of `mix` fits, connect everybody. SpecError, SandboxError."""
        workload = self._stage.workload
        if workload is not None:
            self._mix = dict(mix)
            samples = load_samples(connection, workload, seed=self._stage.scenario.seed)
            check_operations(connection, workload, mix=mix, samples=samples, seed=self._stage.scenario.seed)
            plan = TrafficPlan.of(
                self._stage.scenario.traffic,
                workload=with_scale(workload, pgbench_scale(connection)),
                conninfo=self._server.conninfo(application_name=Role.TRAFFIC.application_name),
                clock=self._stage.clock,
                seed=self._stage.scenario.seed,
                records_folder=self._stage.journal.directory.path,
                private_folder=self._private_folder(),
                samples=samples,
                primary_keys=ledger_keys(connection, workload),
                mix=mix,
                peak=max((phase.rate or 0.0 for phase in self._stage.scenario.phase), default=0.0),
            )
            self._note_exhaustion(plan)
            self._declare(connection, plan)
            self._traffic = TrafficProcess(plan)
            self._cleanup.callback(self._traffic.kill)
            self._tell_backends(self._traffic.start())
            traffic = self._traffic
            self._stage.options.on_traffic(lambda: traffic.progress)
        self._cleanup.callback(self._antagonists.kill)
        self._antagonists.start()

    def begin(self) -> int:
        """Let traffic and antagonists begin, if they have not; the instant is returned."""
        if self._began_ns is not None:
            return self._began_ns
        self._began_ns = at_ns = self._traffic.begin() if self._traffic else self._stage.clock.now_ns()
        if self._traffic is not None:
            self._stage.emit(TrafficBegan(at_ns=at_ns))
        self._antagonists.begin(at_ns=at_ns)
        return at_ns

    def change_rate(self, rate: float | None) -> None:
        """Offer this rate from now on, None: what [traffic] says; what was due before stays due."""
        if self._traffic is None or rate == self._rate:
            return
        at_ns = self._traffic.set_rate(rate)
        self._rate = rate
        self._stage.emit(RateChanged(at_ns=at_ns, rate=rate))
        self.run_for(at_ns - self._stage.clock.now_ns())

    def change_mix(self, mix: Mapping[str, float]) -> None:
        """Run these app versions from now on; returns when what was due before is done.

        A deploy waits for its old pods in the same way before the schema changes under them.
        """
        if self._traffic is None or dict(mix) == self._mix:
            return
        at_ns = self._traffic.set_mix(mix)
        self._mix = dict(mix)
        self._stage.emit(MixChanged(at_ns=at_ns, shares=self._mix))
        deadline_ns = at_ns + _DRAIN_NS
        self.run_for(at_ns - self._stage.clock.now_ns())
        while self._traffic.progress.waiting and self._stage.clock.now_ns() < deadline_ns:
            self.run_for(_POLL_NS)
        self.run_for(_LAST_OPERATIONS_NS)

    def announce_migration(self) -> None:
        """Let the antagonists that want to be there before the migration begin; it starts `lead_ns` from now."""
        self._antagonists.announce_migration(at_ns=self._stage.clock.now_ns() + self.lead_ns)

    def stand_before(self, upcoming: Upcoming) -> None:
        """Let the antagonists that are aimed at these statements get in place, then their lead pass; see `Ahead`."""
        statements = tuple(statement.id for statement in upcoming.statements if statement.id)
        wanted = self._antagonists.aims_at(statements)
        if not wanted:
            return
        start_ns = self._stage.clock.now_ns()
        aimed = self._antagonists.aim(wanted)
        for missing in aimed.missing:
            self._stage.note(
                "antagonists",
                f"not in place when the migration went on: {missing}",
                inconclusive=True,
                remedy="look at what it waits for or fails with, or place it by the clock",
            )
        self.run_for(aimed.lead_ns)
        self._stage.emit(
            MigrationPaused(
                at_ns=self._stage.clock.now_ns(),
                pass_=Pass.LOAD,
                direction=upcoming.direction,
                start_ns=start_ns,
                before=statements,
            )
        )

    def run_for(self, duration_ns: int) -> None:
        """Let it run; a generator that dies meanwhile is found by `stop`."""
        until_ns = self._stage.clock.now_ns() + duration_ns
        while (left_ns := until_ns - self._stage.clock.now_ns()) > 0:
            self._stage.clock.sleep_until(self._stage.clock.now_ns() + min(left_ns, _LISTEN_NS))
            self._listen()

    def stop(self) -> tuple[LedgerEntry, ...]:
        """End antagonists and traffic, journal their accounts, and give the ledger, which may hold personal data."""
        try:
            for act in self._antagonists.stop():
                self._stage.emit(act)
        except HarnessError as error:
            self._stage.note("antagonists", error.message, inconclusive=True)
        if self._traffic is None:
            return ()
        self._listen()
        try:
            summary = self._traffic.stop(drain_ns=_DRAIN_NS)
        except HarnessError as error:
            self._stage.emit(TrafficLost(at_ns=self._stage.clock.now_ns(), reason=error.message))
            return ()
        for event in summed_up(summary, at_ns=self._stage.clock.now_ns()):
            self._stage.emit(event)
        return summary.ledger

    def _note_exhaustion(self, plan: TrafficPlan) -> None:
        """Tell before the run where its deletes will use sampled keys up; how long the migration takes is not known."""
        traffic, phases = self._stage.scenario.traffic, self._stage.scenario.phase
        times = (traffic.calibration, traffic.baseline, traffic.settle, traffic.settle, *(p.duration for p in phases))
        operations = plan.course.rate * sum(map(parse_duration, times)) / NS_PER_S
        for risk in exhaustion(plan.workload, mix=plan.mix, operations=operations, samples=plan.samples):
            remedy = f"delete by once({risk.source}) or inserted({risk.source}), load more rows, or lower the rate"
            self._stage.note("parameters", risk.message, inconclusive=False, remedy=remedy)

    def _private_folder(self) -> Path:
        """A folder that only this user reads, that `rehearse gc` finds, and that goes with the run."""
        parent = self._stage.options.home / PRIVATE
        parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder = new_owned_folder(parent, self._stage.options.run_id)
        self._cleanup.callback(remove_tree, folder)
        return folder

    def _declare(self, connection: Connection, plan: TrafficPlan) -> None:
        workload = self._stage.workload
        if workload is None:
            return
        now_ns = self._stage.clock.now_ns()
        traffic = self._stage.scenario.traffic
        self._stage.emit(planned(plan, traffic=traffic, versions=workload.versions, at_ns=now_ns))
        self._stage.emit(MixChanged(at_ns=now_ns, shares=self._mix))
        qualified = qualify(connection, workload.relations)
        for operation in declared(workload, qualified=qualified, at_ns=now_ns):
            self._stage.emit(operation)
        writes = {qualified[name] for operation in workload.operations for name in operation.writes}
        self._written = tuple(sorted(name.replace('"', "") for name in writes))

    def _listen(self) -> None:
        if self._traffic is not None:
            self._tell_backends(self._traffic.reconnected())

    def _tell_backends(self, backends: tuple[Backend, ...]) -> None:
        now_ns = self._stage.clock.now_ns()
        for backend in backends:
            self._stage.emit(ActorConnected(at_ns=now_ns, actor=backend.actor, pid=backend.pid))
