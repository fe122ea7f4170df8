"""A builder of synthetic histories: a run of a scenario as events and records, without a server."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.events.codec import AnyEvent
from harness.events.history import History, RunInfo
from harness.events.migration import (
    LocksTaken,
    StatementEnded,
    StatementStarted,
    StepEnded,
    StepStarted,
    TakenLock,
    TransactionEnded,
    WalWritten,
    WorkDone,
)
from harness.events.observation import LockHeld, LockWaited, TableCount
from harness.events.operations import OPERATION_DTYPE, OperationRecords, Outcome
from harness.events.run import MixChanged, PhaseEnded, PhaseStarted, RunEnded
from harness.events.traffic import ActorConnected, AntagonistActed, OperationDeclared, TrafficEnded, TrafficPlanned
from harness.events.verification import RowsCompared, SchemaCompared
from harness.model.catalog import Difference
from harness.model.words import Direction, Pass, PhaseKind, Role
from harness.spec.scenario import OperationSpec, Scenario, TrafficSpec

MS = 1_000_000
S = 1_000_000_000
MIGRATION_PID = 900
ANTAGONIST_PID = 812


@dataclass
class Builder:
    """Collects events; times are in ms since the run started."""

    scenario: Scenario = field(default_factory=lambda: Scenario(name="0042-orders-status"))
    events: list[AnyEvent] = field(default_factory=list)
    records: list[tuple[Any, ...]] = field(default_factory=list)
    transactions: int = 0

    def add(self, event: AnyEvent) -> "Builder":
        """Add any event."""
        self.events.append(event)
        return self

    def phase(self, kind: PhaseKind, start: float, end: float, *, pass_: Pass = Pass.LOAD, name: str = "") -> "Builder":
        """A whole phase."""
        self.add(PhaseStarted(at_ns=int(start * MS), pass_=pass_, phase=kind, name=name))
        return self.add(PhaseEnded(at_ns=int(end * MS), pass_=pass_, phase=kind, name=name))

    def phases(self, *, rollback: bool = True) -> "Builder":
        """Baseline 0 to 10 s, migrate to 12 s, settle to 15 s, rollback to 16 s, settle to 18 s."""
        self.phase(PhaseKind.BASELINE, 0, 10_000)
        self.phase(PhaseKind.MIGRATE, 10_000, 12_000)
        self.phase(PhaseKind.SETTLE, 12_000, 15_000, name="up")
        if rollback:
            self.phase(PhaseKind.ROLLBACK, 15_000, 16_000)
            self.phase(PhaseKind.SETTLE, 16_000, 18_000, name="down")
        return self

    def statement(
        self,
        id_: str,
        sql: str,
        *,
        start: float = 10_000,
        end: float = 10_003,
        commit: float | None = None,
        passes: Iterable[Pass] = (Pass.TRACE, Pass.LOAD),
        direction: Direction = Direction.UP,
        tag: str = "ALTER TABLE",
        transaction: int | None = None,
        autocommit: bool = False,
        lock_timeout_ms: int | None = 0,
        statement_timeout_ms: int | None = 0,
        sqlstate: str = "",
        message: str = "",
        left_behind: tuple[str, ...] = (),
        attempt: int = 1,
        pid: int = MIGRATION_PID,
        accepts: tuple[Any, ...] = (),
        traced_sqlstate: str | None = None,
    ) -> "Builder":
        """A statement in the passes named; it commits at its end unless told otherwise."""
        if transaction is None:
            self.transactions += 1
            transaction = self.transactions
        for pass_ in passes:
            state = traced_sqlstate if traced_sqlstate is not None and pass_ is Pass.TRACE else sqlstate
            self.add(
                StatementStarted(
                    at_ns=int(start * MS), pass_=pass_, direction=direction, statement=id_, step="0042",
                    attempt=attempt,
                    file=f"{direction.value}.sql", line=1, column=1, sql=sql, tag=tag, fingerprint=f"f{id_}",
                    transaction=transaction, autocommit=autocommit, pid=pid, lock_timeout_ms=lock_timeout_ms,
                    statement_timeout_ms=statement_timeout_ms, accepts=accepts,
                )
            )  # fmt: skip
            self.add(
                StatementEnded(
                    at_ns=int(end * MS), pass_=pass_, direction=direction, statement=id_, attempt=attempt,
                    sqlstate=state, message=message, left_behind=left_behind,
                )
            )  # fmt: skip
            if not autocommit:
                at = int((commit if commit is not None else end) * MS)
                self.add(
                    TransactionEnded(
                        at_ns=at, pass_=pass_, direction=direction, transaction=transaction, committed=not state
                    )
                )
        return self

    def locks(self, id_: str, *locks: tuple[str, str], direction: Direction = Direction.UP, **extra: Any) -> "Builder":
        """Traced locks as (relation, mode); `kind`, `existed`, `parent` apply to all of them."""
        taken = tuple(
            TakenLock(
                relation=relation, kind=extra.get("kind", "r"), mode=mode, existed=extra.get("existed", True),
                oid=extra.get("oid", 0), parent=extra.get("parent", ""),
            )
            for relation, mode in locks
        )  # fmt: skip
        return self.add(
            LocksTaken(at_ns=1, pass_=Pass.TRACE, direction=direction, statement=id_, locks=taken, exact=True)
        )

    def work(
        self, id_: str, relation: str = "public.orders", *, direction: Direction = Direction.UP, **did: Any
    ) -> "Builder":
        """Traced work; nothing done unless told."""
        values: dict[str, Any] = {
            "kind": "r", "rewritten": False, "truncated": False, "dropped": False, "rows_before": 10_000,
            "bytes_before": 4_000_000, "bytes_after": 4_000_000, "rows_scanned": 0, "rows_fetched_by_index": 0,
            "rows_inserted": 0, "rows_updated": 0, "rows_deleted": 0, **did,
        }  # fmt: skip
        return self.add(
            WorkDone(at_ns=2, pass_=Pass.TRACE, direction=direction, statement=id_, relation=relation, **values)
        )

    def wal(self, id_: str, size: int) -> "Builder":
        """Traced WAL."""
        return self.add(WalWritten(at_ns=3, pass_=Pass.TRACE, direction=Direction.UP, statement=id_, wal_bytes=size))

    def wait(
        self,
        pid: int,
        start: float,
        end: float,
        *,
        role: Role = Role.TRAFFIC,
        mode: str = "AccessShareLock",
        target: str = "relation",
        relation: str = "public.orders",
        outcome: str = "acquired",
        holders: tuple[int, ...] = (),
        queue: tuple[int, ...] = (),
        error: float = 0.1,
    ) -> "Builder":
        """A logged wait of the load pass."""
        return self.add(
            LockWaited(
                at_ns=int(end * MS), pass_=Pass.LOAD, pid=pid, role=role, mode=mode, target=target, relation=relation,
                start_ns=int(start * MS), end_ns=int(end * MS), waited_ns=int((end - start) * MS),
                error_ns=int(error * MS), outcome=outcome, holders=holders, queue=queue,
            )
        )  # fmt: skip

    def hold(self, pid: int, start: float, end: float, *, role: Role = Role.MIGRATION, **extra: Any) -> "Builder":
        """A polled hold of the load pass."""
        return self.add(
            LockHeld(
                at_ns=int(end * MS), pass_=Pass.LOAD, pid=pid, role=role,
                relation=extra.get("relation", "public.orders"),
                kind="r", mode=extra.get("mode", "AccessExclusiveLock"), start_ns=int(start * MS), end_ns=int(end * MS),
                error_ns=int(extra.get("error", 5) * MS), existed=True,
            )
        )  # fmt: skip

    def traffic(
        self, *, actors: int = 4, rate: float = 200.0, trace: tuple[int, ...] = (), period_ns: int = 0, **ended: Any
    ) -> "Builder":
        """Traffic planned, actors on pids 100, 101, …, and the generator's account."""
        self.add(
            TrafficPlanned(
                at_ns=0, rate=rate, actors=actors, arrival="uniform", protocol="prepared", pool_timeout_ns=5 * S,
                versions=("", "old", "new"), trace_counts=trace, trace_period_ns=period_ns,
            )
        )  # fmt: skip
        for actor in range(actors):
            self.add(ActorConnected(at_ns=0, actor=actor, pid=100 + actor))
        account: dict[str, Any] = {
            "offered": 0, "completed": 0, "failed": 0, "abandoned": 0, "pool_timeouts": 0, "late": 0,
            "lag_p50_ns": 1000, "lag_p99_ns": 20_000, "lag_max_ns": 90_000, "cpu_ratio": 0.2, **ended,
        }  # fmt: skip
        return self.add(TrafficEnded(at_ns=18 * S, **account))

    def operation(
        self, index: int = 0, name: str = "view", *, version: str = "", expected: tuple[str, ...] = (), **uses: Any
    ) -> "Builder":
        """An operation of the workload; it reads public.orders unless told otherwise."""
        return self.add(
            OperationDeclared(
                at_ns=0, index=index, name=name, version=version, weight=1,
                sql=uses.get("sql", (f"SELECT '{name}'",)),
                reads=uses.get("reads", ("public.orders",)), writes=uses.get("writes", ()), expected=expected,
            )
        )  # fmt: skip

    def run(
        self,
        start: float,
        end: float,
        *,
        every: float = 5,
        service: float = 0.5,
        operation: int = 0,
        version: int = 0,
        outcome: Outcome = Outcome.OK,
        sqlstate: str = "",
        actors: int = 4,
    ) -> "Builder":
        """Operations due every `every` ms from `start` to `end`, each answered after `service` ms."""
        due = start
        while due < end:
            at = int(due * MS)
            self.records.append(
                (
                    at, at, at, at + int(service * MS), operation, len(self.records) % actors, version, outcome, 0, 1,
                    sqlstate.encode(), b"",
                )
            )  # fmt: skip
            due += every
        return self

    def one(self, due: float, end: float, *, actor: int = 0, operation: int = 0, **more: Any) -> "Builder":
        """One operation; `checkout` and `start` (ms) are its due unless told, -1 for never; `attempts` is 1."""
        checkout, start = (more.get(name, due) for name in ("checkout", "start"))
        self.records.append(
            (
                int(due * MS), max(0, int(checkout * MS)), max(0, int(start * MS)), int(end * MS), operation, actor,
                more.get("version", 0), more.get("outcome", Outcome.OK), 0, more.get("attempts", 1),
                str(more.get("sqlstate", "")).encode(), b"",
            )
        )  # fmt: skip
        return self

    def stall(self, start: float, end: float, *, every: float = 5) -> "Builder":
        """Operations go on falling due from `start`, and all of them are answered at `end`."""
        due = start
        while due < end:
            self.one(due, end)
            due += every
        return self

    def mix(self, at: float, **shares: float) -> "Builder":
        """The mix from `at` on."""
        return self.add(MixChanged(at_ns=int(at * MS), shares=shares))

    def down(self, *differences: Difference, tables: tuple[TableCount, ...] | None = None, **more: Any) -> "Builder":
        """A way back that ran in the quiet pass and was compared."""
        for pass_ in more.get("passes", (Pass.TRACE, Pass.LOAD)):
            self.add(StepStarted(at_ns=15 * S, pass_=pass_, direction=Direction.DOWN, step="0042", attempt=1))
            self.add(
                StepEnded(
                    at_ns=16 * S, pass_=pass_, direction=Direction.DOWN, step="0042", attempt=1,
                    sqlstate=more.get("sqlstate", ""),
                )
            )  # fmt: skip
        counts = tables or (
            TableCount(relation="public.orders", rows_before=10_000, rows_after=10_000, identical=True),
        )
        self.add(SchemaCompared(at_ns=17 * S, pass_=Pass.TRACE, differences=differences))
        return self.add(
            RowsCompared(at_ns=17 * S, pass_=Pass.TRACE, tables=counts, sequences_backwards=more.get("sequences", ()))
        )

    def history(self, *, complete: bool = True, operations: OperationRecords | None = None) -> History:
        """The history, in order of time."""
        if complete:
            self.add(RunEnded(at_ns=19 * S, complete=True))
        info = RunInfo(
            schema_version="1.0", run_id="r1", tool_version="0.1.0", started_at="2026-11-22T06:33:14Z",
            command=("run",),
            scenario_file="scenario.toml", scenario=self.scenario, sources={}, digests={},
        )  # fmt: skip
        records = np.array(self.records, dtype=OPERATION_DTYPE) if operations is None else operations
        return History(info, tuple(sorted(self.events, key=lambda event: event.at_ns)), records)


def busy(**scenario: Any) -> Builder:
    """A sound run: traffic at 200/s from 0 to 18 s, phases, an operation, and a way back that restores everything."""
    traffic = TrafficSpec(operation=(OperationSpec(name="view", sql="SELECT 1"),))
    spec = Scenario(name="0042-orders-status", **{"traffic": traffic, **scenario})
    return Builder(scenario=spec).phases().traffic().operation().run(0, 18_000).down()


ALTER = "ALTER TABLE orders ADD COLUMN status text"
STRONG = ("public.orders", "AccessExclusiveLock")


def behind_a_long_reader() -> Builder:
    """S1 waits 1,500 ms behind the long reader, three actors queue behind S1, one waits for a row lock of another."""
    builder = busy().add(
        AntagonistActed(
            at_ns=11_500 * MS,
            kind="long_reader",
            table="orders",
            pid=ANTAGONIST_PID,
            start_ns=9000 * MS,
            end_ns=11_500 * MS,
        )
    )
    builder.statement("S1", ALTER, start=10_000, end=11_503).locks("S1", STRONG)
    builder.wait(
        MIGRATION_PID, 10_000, 11_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,),
        queue=(MIGRATION_PID,),
    )  # fmt: skip
    for actor in range(3):
        builder.wait(
            100 + actor,
            10_010 + actor,
            11_503,
            holders=(ANTAGONIST_PID,),
            queue=(MIGRATION_PID, 100, 101, 102)[: actor + 2],
        )
    return builder.wait(103, 10_050, 11_504, mode="ShareLock", target="transactionid", relation="", holders=(100,))
