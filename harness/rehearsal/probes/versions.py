"""The versions probe: both versions of the application against every state of the schema, quiet and repeatable.

On a clone of its own, nothing else running: the old version before, between the migration's transactions, and after;
the new one from when it is to run. What sessions had prepared before is executed after; plans are compared, both after
ANALYZE; then, with rows of both versions written, the way back.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import psycopg

from harness.events.versions import PreparedRefused
from harness.model.words import Direction, Pass, PhaseKind
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.deploy import Deploy, DeployStage, plan_deploy
from harness.rehearsal.execution import DONE, refusal
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import RunOutcome
from harness.rehearsal.migrator import Migrator, migrator
from harness.rehearsal.probes.app import AppSession, Caller, callers_of, open_session
from harness.rehearsal.probes.gaps import Gaps
from harness.rehearsal.probes.matrix import Matrix
from harness.rehearsal.probes.plans import Plans
from harness.rehearsal.stage import Stage, harness_session
from harness.rehearsal.traffic.samples import load_samples
from harness.rehearsal.traffic.scale import pgbench_scale
from harness.rehearsal.verification.invariants import AFTER_ROLLBACK
from harness.spec.scenario import Protocol
from harness.spec.workload import Workload, with_scale

_PASS: Final = Pass.PROBE
_TIMES: Final = 3
"""Executions of each operation before and after: an error that depends on the row drawn gets a few chances."""
_MOST_KEPT: Final = 20  # sessions that stay open across the migration: operations that change their session
_MOST_REPLAYED: Final = 1000  # statements prepared before that are executed after
_DML: Final = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "transaction_stmt"})


def probe_versions(stage: Stage) -> None:
    """Run the probe on a clone of its own, where there is an application to run."""
    if stage.workload is None:
        return
    with stage.clone(_PASS) as server, harness_session(server) as connection:
        plan = stage.pending(server)
        workload = with_scale(stage.workload, pgbench_scale(connection))
        steps = tuple(step.name for step in plan.steps)
        deploy = plan_deploy(stage.scenario, steps=steps, workload=workload)
        with stage.phase(_PASS, PhaseKind.VERSIONS) as phase, ExitStack() as stack:
            probe = _Probe(stage, server, connection, workload, deploy, stack)
            phase.ok = probe.perform(plan)


@dataclass(slots=True)
class _Probe:
    """One probe under way."""

    stage: Stage
    server: Server
    connection: Connection
    workload: Workload
    deploy: Deploy
    stack: ExitStack
    kept: list[tuple[Caller, AppSession]] = field(default_factory=list)

    def perform(self, plan: MigrationPlan) -> bool:
        """All of it; whether the migration went up to its end."""
        stage = self.stage
        callers = self._callers()
        matrix = self.stack.enter_context(
            Matrix(
                self.workload,
                callers,
                initial_mix=self.deploy.initial_mix,
                server=self.server,
                traffic=stage.scenario.traffic,
                clock=stage.clock,
                sink=stage.emit,
            )
        )
        plans = Plans(_PASS, stage.clock)
        self._before(callers, matrix, plans)
        gaps = Gaps(matrix)
        self.stack.callback(gaps.close)
        change = self.stack.enter_context(
            migrator(stage, self.server, plan=plan, pass_=_PASS, hook=gaps, ahead=gaps.ahead)
        )
        half_done = self._go_up(change, matrix, tool=plan.command is not None)
        if half_done is None:
            self._after(plans)
        if half_done is None or plan.tool == "sql":
            self._go_back(change, matrix, steps=half_done)
        return half_done is None

    def _callers(self) -> tuple[Caller, ...]:
        seed, protocol = self.stage.scenario.seed, self.stage.scenario.traffic.protocol
        samples = load_samples(self.connection, self.workload, seed=seed)
        return callers_of(self.workload, samples, seed=seed, protocol=protocol)

    def _before(self, callers: tuple[Caller, ...], matrix: Matrix, plans: Plans) -> None:
        """The old version as it is, its statements prepared in sessions that stay open, and their plans."""
        self.connection.execute("ANALYZE")
        matrix.reach("before")
        matrix.run(times=_TIMES)
        self.check_invariants("before")
        running = {operation.index for operation in self.workload.running(self.deploy.initial_mix)}
        for caller in callers:
            if caller.operation.index in running and (session := self._kept_session(caller)) is not None:
                caller.call(session)
                plans.look(caller, session)
                self.kept.append((caller, session))

    def _kept_session(self, caller: Caller) -> AppSession | None:
        """One for all operations that leave their session as it was; the others get one each, while there are some."""
        if self._is_plain(caller):
            shared = next((s for c, s in self.kept if self._is_plain(c)), None)
            return shared or self._open()
        own = sum(1 for known, _ in self.kept if not self._is_plain(known))
        return self._open() if own < _MOST_KEPT else None

    def _is_plain(self, caller: Caller) -> bool:
        return all(caller.kind_of(number) in _DML for number in range(len(caller.statements)))

    def _open(self) -> AppSession | None:
        """None where the server has no connection left: what needs one of its own is then not asked."""
        prepares = self.stage.scenario.traffic.protocol is Protocol.PREPARED
        traffic, number = self.stage.scenario.traffic, 2 + len(self.kept)
        try:
            session = open_session(self.server, traffic, number=number, prepares=prepares)
        except psycopg.OperationalError:
            return None
        self.stack.callback(session.pgconn.finish)
        return session

    def _go_up(self, change: Migrator, matrix: Matrix, *, tool: bool) -> tuple[str, ...] | None:
        """Stage by stage, the versions of each against every state on its way and against the one at its end.

        None when it went up; else the steps that were applied, and last the one that failed.
        """
        applied: tuple[str, ...] = ()
        for number, stage in enumerate(self.deploy.stages):
            matrix.mix = stage.mix
            last = number == len(self.deploy.stages) - 1
            if (stage.steps and not tool) or (tool and number == 0):
                outcome = change.run(Direction.UP, steps=None if tool else stage.steps)
                if not outcome.ok:
                    self._tell_failure(outcome)
                    return (*applied, *outcome.applied, outcome.failed_step)
                applied += outcome.applied
            self._settle(matrix, stage, last=last)
        return None

    def _tell_failure(self, outcome: RunOutcome) -> None:
        """What also fails quietly is told by the trace pass; this may have met the application."""
        self.stage.note(
            "app versions",
            f"the migration failed in step {outcome.failed_step} ({outcome.sqlstate}) with the application between its "
            "transactions: no version was run against the schema after it",
            inconclusive=False,
        )

    def _settle(self, matrix: Matrix, stage: DeployStage, *, last: bool) -> None:
        if last:
            self.connection.execute("ANALYZE")
        matrix.reach(stage.name or "up")
        matrix.mix = self.deploy.settled_mix if last else stage.mix
        if last:
            # Invariants are asked after the old version and again after both: who broke one is then known.
            matrix.run(times=_TIMES, new=False)
            self.check_invariants("old", due="end")
            matrix.run(times=_TIMES, new=True)
            self.check_invariants("end")
        else:
            matrix.run(times=_TIMES)
        if stage.name:
            self.check_invariants(f"after:{stage.name}")

    def _after(self, plans: Plans) -> None:
        """What was prepared before, in the sessions that had prepared it; then the plans."""
        left = _MOST_REPLAYED
        for caller, session in self.kept:
            for number in caller.sent:
                if left and caller.kind_of(number) == "select_stmt":
                    left -= 1
                    self._replay(caller, session, number)
        for compared in plans.compare():
            self.stage.emit(compared)

    def _replay(self, caller: Caller, session: AppSession, number: int) -> None:
        name, sent = caller.name_of(number), caller.sent[number][-1]
        if name not in session.prepared or sent.values is None:
            return
        result = session.pgconn.exec_prepared(name, sent.values)  # type: ignore[arg-type]
        if result.status not in DONE:
            refused = refusal(result)
            self.stage.emit(
                PreparedRefused(
                    at_ns=self.stage.clock.now_ns(),
                    pass_=_PASS,
                    operation=caller.operation.name,
                    version=caller.operation.version,
                    statement=number,
                    sqlstate=refused.sqlstate,
                    message=refused.message,
                )
            )

    def _go_back(self, change: Migrator, matrix: Matrix, *, steps: tuple[str, ...] | None) -> None:
        """With rows of both versions written; after a failure from where it stands."""
        if not self.stage.goes_back:
            return
        if change.run(Direction.DOWN, steps=steps).ok:
            matrix.reach("down")
            matrix.mix = self.deploy.initial_mix
            matrix.run(times=_TIMES)
            self.check_invariants(AFTER_ROLLBACK)

    def check_invariants(self, moment: str, *, due: str = "") -> None:
        """Journal the invariants that are due at `moment`, or at what `due` names instead."""
        self.stage.check_invariants(self.connection, pass_=_PASS, moment=moment, due=due)
