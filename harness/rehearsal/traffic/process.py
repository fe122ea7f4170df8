"""The conductor's handle on the traffic processes."""

import multiprocessing
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from harness.model.errors import HarnessError, SandboxError
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.rehearsal.traffic.lag import LagHistogram
from harness.rehearsal.traffic.ledger import LedgerEntry, read_ledger
from harness.rehearsal.traffic.plan import (
    Backend,
    Begin,
    FirstError,
    Order,
    ProcessSummary,
    Ready,
    Refused,
    Report,
    SetMix,
    SetRate,
    Stop,
    TrafficPlan,
)
from harness.rehearsal.traffic.spawn import start_shielded
from harness.rehearsal.traffic.statement import Missed
from harness.rehearsal.traffic.worker import traffic_process

START_TIMEOUT_S: Final = 60.0
"""Longest time for spawning, importing and connecting every actor; seconds on a busy two-core machine."""
GRACE_S: Final = 10.0
"""Time beyond the drain for writing the last records and the ledger."""
LEAD_NS: Final = 20 * NS_PER_MS
"""An order without a time takes effect this much later, so that every process gets it before."""


class TrafficLostError(HarnessError):
    """A traffic process died or stopped answering: the run is inconclusive."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Live counters, at most 100 ms old."""

    offered: int
    completed: int
    failed: int
    pool_timeouts: int
    waiting: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class TrafficSummary:
    """The generator's account of a run of traffic.

    Dispatch lag is start − due of operations that found a connection free; `late` counts those beyond LATE_NS: arrivals
    that the generator did not offer in time. `cpu_ratio` is CPU seconds over wall time of the busiest process. `ledger`
    may hold personal data: it stays in memory. `connect_failures` are attempts to connect again that failed,
    `connect_p99_ns` is of those that did not, `absorbed` counts errors that a retry followed, `longest_queue` is the
    most operations of one process that waited for a connection at once.
    """

    offered: int
    completed: int
    failed: int
    pool_timeouts: int
    abandoned: int
    late: int
    lag_p50_ns: int
    lag_p99_ns: int
    lag_max_ns: int
    cpu_seconds: float
    cpu_ratio: float
    stopped_at_ns: int
    errors: tuple[FirstError, ...]
    ledger: tuple[LedgerEntry, ...]
    cpu_of_processes: tuple[float, ...]
    reconnects: int
    connect_failures: int
    connect_p99_ns: int
    absorbed: int
    longest_queue: int
    missed: tuple[Missed, ...] = ()


class TrafficProcess:
    """Traffic in processes of its own: start, begin, change the mix, stop or kill. Not thread-safe."""

    def __init__(self, plan: TrafficPlan) -> None:
        self._plan = plan
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[tuple[SpawnProcess, Connection, Any]] = []
        self._backends: list[Backend] = []
        self._summaries: dict[int, ProcessSummary] = {}

    def start(self) -> tuple[Backend, ...]:
        """Start the processes and connect every actor; SandboxError where the server refuses one."""
        for process in range(self._plan.processes):
            ours, theirs = self._context.Pipe()
            counters = self._context.RawArray("q", len(Progress.__dataclass_fields__))
            worker = self._context.Process(
                target=traffic_process,
                args=(self._plan, process, theirs, counters),
                name=f"rehearse-traffic-{process}",
                daemon=True,
            )
            start_shielded(worker)
            theirs.close()
            self._workers.append((worker, ours, counters))
        backends: list[Backend] = []
        deadline = time.monotonic() + START_TIMEOUT_S
        try:
            for _, control, _ in self._workers:
                backends += self._ready(control, deadline)
        except HarnessError:
            self.kill()
            raise
        return tuple(sorted(backends, key=lambda backend: backend.actor))

    def _ready(self, control: Connection, deadline: float) -> tuple[Backend, ...]:
        try:
            report: Report | None = control.recv() if control.poll(max(0.0, deadline - time.monotonic())) else None
        except (EOFError, OSError):
            raise TrafficLostError("a traffic process ended while it was starting") from None
        if isinstance(report, Ready):
            return report.backends
        if isinstance(report, Refused):
            raise SandboxError(
                f"traffic cannot start: {report.message}",
                hint="check traffic.actors against the server's max_connections, traffic.settings, and the parameters",
            )
        raise TrafficLostError(f"traffic was not ready within {START_TIMEOUT_S:.0f} s")

    def begin(self, *, at_ns: int | None = None) -> int:
        """Let traffic begin at `at_ns` (ns since run start; soon, by default); that instant is returned."""
        at_ns = self._soon() if at_ns is None else at_ns
        self._order(Begin(at_ns))
        return at_ns

    def set_mix(self, mix: Mapping[str, float], *, at_ns: int | None = None) -> int:
        """Run the app versions in `mix` from `at_ns` on; SpecError for an unknown version. The instant is returned."""
        self._plan.workload.chooser(mix)
        at_ns = self._soon() if at_ns is None else at_ns
        self._order(SetMix(at_ns, dict(mix)))
        return at_ns

    def set_rate(self, rate: float | None, *, at_ns: int | None = None) -> int:
        """Offer `rate` operations a second from `at_ns` on, None: what [traffic] says. The instant is returned.

        Only after `begin`, and not where arrivals come from a trace.
        """
        at_ns = self._soon() if at_ns is None else at_ns
        self._order(SetRate(at_ns, rate))
        return at_ns

    @property
    def progress(self) -> Progress:
        """Live counters over all processes."""
        return Progress(*(sum(values) for values in zip(*(c for _, _, c in self._workers), strict=True)))

    @property
    def alive(self) -> bool:
        """Whether every process is running."""
        return all(worker.is_alive() for worker, _, _ in self._workers)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of those that are running."""
        return tuple(worker.pid for worker, _, _ in self._workers if worker.pid is not None and worker.is_alive())

    def reconnected(self) -> tuple[Backend, ...]:
        """Actors that got a new connection since the last call."""
        self._listen(0.0)
        found, self._backends = tuple(self._backends), []
        return found

    def stop(self, *, drain_ns: int, at_ns: int | None = None) -> TrafficSummary:
        """Offer nothing at `at_ns` or later, wait up to `drain_ns` for what is under way, and end the processes.

        TrafficLostError where one died or does not answer; no process is left in any case.
        """
        at_ns = self._soon() if at_ns is None else at_ns
        try:
            self._order(Stop(at_ns, drain_ns))
            left_ns = at_ns - self._plan.clock.now_ns() + drain_ns
            deadline = time.monotonic() + max(0, left_ns) / NS_PER_S + GRACE_S
            while len(self._summaries) < len(self._workers):
                left = deadline - time.monotonic()
                if left <= 0 or not self._listen(left):
                    raise TrafficLostError("a traffic process died or stopped answering; its records are incomplete")
            paths = [self._plan.ledger_path(process) for process in range(self._plan.processes)]
            ledger = read_ledger(paths, self._plan.primary_keys)
        finally:
            self._end()
        return _summarize(list(self._summaries.values()), ledger)

    def kill(self) -> None:
        """End the processes at once; records up to the last second are in their files. Safe to call twice."""
        for worker, _, _ in self._workers:
            worker.kill()
        self._end()

    def _end(self) -> None:
        for worker, control, _ in self._workers:
            worker.join(timeout=1.0)
            if worker.is_alive():
                worker.kill()
                worker.join()
            control.close()
        for process in range(self._plan.processes):
            self._plan.ledger_path(process).unlink(missing_ok=True)

    def _soon(self) -> int:
        return self._plan.clock.now_ns() + LEAD_NS

    def _order(self, order: Order) -> None:
        for _, control, _ in self._workers:
            with suppress(OSError):  # a process that died is found by stop(), which waits for its summary
                control.send(order)

    def _listen(self, timeout_s: float) -> bool:
        """Take what the processes say; False where a process that owes its summary is gone or nothing was said."""
        owing = [(i, control) for i, (_, control, _) in enumerate(self._workers) if i not in self._summaries]
        said = wait([control for _, control in owing], timeout_s)
        heard = [self._drain(process, control) for process, control in owing if control in said]
        return bool(heard) and all(heard)

    def _drain(self, process: int, control: Connection) -> bool:
        """Hear all that a process has said; False where it is gone without its summary."""
        try:
            while control.poll():
                self._hear(control.recv())
        except (EOFError, OSError):
            return process in self._summaries
        return True

    def _hear(self, report: Report) -> None:
        if isinstance(report, Backend):
            self._backends.append(report)
        elif isinstance(report, ProcessSummary):
            self._summaries[report.process] = report


def _summarize(parts: list[ProcessSummary], ledger: tuple[LedgerEntry, ...]) -> TrafficSummary:
    lag = LagHistogram(
        (pair for part in parts for pair in part.lag_counts), max_ns=max(part.lag_max_ns for part in parts)
    )
    connects = LagHistogram(
        (pair for part in parts for pair in part.connect_counts), max_ns=max(part.connect_max_ns for part in parts)
    )
    errors: dict[tuple[int, str], FirstError] = {}
    for part in sorted(parts, key=lambda part: part.process):
        for error in part.errors:
            errors.setdefault((error.operation, error.sqlstate), error)
    return TrafficSummary(
        offered=sum(part.offered for part in parts),
        completed=sum(part.completed for part in parts),
        failed=sum(part.failed for part in parts),
        pool_timeouts=sum(part.pool_timeouts for part in parts),
        abandoned=sum(part.abandoned for part in parts),
        late=sum(part.late for part in parts),
        lag_p50_ns=lag.quantile(0.5),
        lag_p99_ns=lag.quantile(0.99),
        lag_max_ns=lag.max_ns,
        cpu_seconds=sum(part.cpu_seconds for part in parts),
        cpu_ratio=max(part.cpu_seconds / part.wall_seconds for part in parts),
        stopped_at_ns=max(part.stopped_at_ns for part in parts),
        errors=tuple(errors[key] for key in sorted(errors)),
        ledger=ledger,
        cpu_of_processes=tuple(part.cpu_seconds for part in sorted(parts, key=lambda part: part.process)),
        reconnects=sum(count for _, count in connects.counts),
        connect_failures=sum(part.connect_failures for part in parts),
        connect_p99_ns=connects.quantile(0.99),
        absorbed=sum(part.absorbed for part in parts),
        longest_queue=max(part.longest_queue for part in parts),
        missed=_missed(parts),
    )


def _missed(parts: list[ProcessSummary]) -> tuple[Missed, ...]:
    """Executions and misses of each operation, over all processes."""
    counts: dict[int, tuple[int, int]] = {}
    for one in (missed for part in parts for missed in part.missed):
        executions, misses = counts.get(one.operation, (0, 0))
        counts[one.operation] = executions + one.executions, misses + one.misses
    return tuple(Missed(operation, *counts[operation]) for operation in sorted(counts))
