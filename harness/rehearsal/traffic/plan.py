"""What a traffic process is told, what it says back: frozen, picklable messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Final, TypeAlias

from harness.model.clock import RunClock
from harness.model.units import NS_PER_MS, parse_duration
from harness.rehearsal.traffic.pool import PoolLimits
from harness.rehearsal.traffic.session import actor_conninfo
from harness.rehearsal.traffic.statement import Missed
from harness.spec.params import Samples
from harness.spec.scenario import Arrival, Pooling, Protocol, TrafficSpec
from harness.spec.schedule import CourseSchedule, RateCourse, Schedule, Trace, TraceSchedule, load_trace
from harness.spec.workload import Workload

RATE_PER_PROCESS: Final = 4_000
"""Operations a second that one process dispatches in time; flat out it reached 23,000 on two shared cores."""
LATE_NS: Final = 2 * NS_PER_MS
"""A dispatch later than this, with a connection free, is the generator's fault and none of the server's."""


@dataclass(frozen=True, slots=True)
class TrafficPlan:
    """Everything a run of traffic needs.

    `conninfo` is the server's (its application_name is replaced by each actor's); `primary_keys` gives the key
    columns of "schema.table"; `samples` come from `samples.load_samples`. Records go to
    `records_folder`/operations-<process>.bin, the ledger, which may hold personal data, to `private_folder`.
    """

    workload: Workload
    conninfo: str
    clock: RunClock
    seed: int
    course: RateCourse
    arrival: Arrival
    protocol: Protocol
    actors: int
    pool_timeout_ns: int
    statement_timeout_ns: int
    records_folder: Path
    private_folder: Path
    mix: Mapping[str, float]
    samples: Samples
    primary_keys: Mapping[str, tuple[str, ...]]
    processes: int = 1
    trace: Trace | None = None
    """What arrives, with arrival = "trace"."""
    pooling: Pooling = Pooling.SESSION
    server_connections: int = 0
    max_waiters: int = 0
    connect_cost_ns: int = 0
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        traffic: TrafficSpec,
        *,
        workload: Workload,
        conninfo: str,
        clock: RunClock,
        seed: int,
        records_folder: Path,
        private_folder: Path,
        samples: Samples,
        primary_keys: Mapping[str, tuple[str, ...]],
        mix: Mapping[str, float] | None = None,
        processes: int | None = None,
        peak: float = 0.0,
    ) -> "TrafficPlan":
        """The plan of [traffic]; `mix` defaults to the workload's initial one, `processes` to what the rate needs.

        `peak` is the highest rate of the phases. SpecError for a trace that cannot be read.
        """
        course, trace = RateCourse.of(traffic), None
        if traffic.arrival is Arrival.TRACE:
            names = [operation.name for operation in workload.operations]
            trace = load_trace(Path(workload.path).parent / traffic.trace, operations=names)
            course = RateCourse(trace.rate)
        highest = max(course.peak, peak)
        return cls(
            workload=workload,
            conninfo=conninfo,
            clock=clock,
            seed=seed,
            course=course,
            arrival=traffic.arrival,
            protocol=traffic.protocol,
            actors=traffic.actors,
            pool_timeout_ns=parse_duration(traffic.pool_timeout),
            statement_timeout_ns=parse_duration(traffic.statement_timeout),
            records_folder=records_folder,
            private_folder=private_folder,
            mix=workload.initial_mix() if mix is None else mix,
            samples=samples,
            primary_keys=primary_keys,
            processes=_processes(traffic, highest=highest, asked=processes),
            trace=trace,
            pooling=traffic.pooling,
            server_connections=traffic.server_connections,
            max_waiters=traffic.max_waiters,
            connect_cost_ns=parse_duration(traffic.connect_cost),
            settings=traffic.settings,
        )

    def schedule(self, process: int) -> Schedule:
        """The arrivals that process `process` dispatches, from the first on."""
        if self.trace is not None:
            return TraceSchedule(self.trace, seed=self.seed, part=process, parts=self.processes)
        return CourseSchedule(self.course, self.arrival, seed=self.seed, part=process, parts=self.processes)

    def records_path(self, process: int) -> Path:
        """The file of process `process`."""
        return self.records_folder / f"operations-{process}.bin"

    def ledger_path(self, process: int) -> Path:
        """The private file of process `process`."""
        return self.private_folder / f"ledger-{process}.ndjson"

    def limits(self, process: int) -> PoolLimits:
        """Process `process`'s part of the pool: its share of those who may wait."""
        return PoolLimits(
            pool_timeout_ns=self.pool_timeout_ns,
            max_waiters=len(range(process, self.max_waiters, self.processes)),
            connect_cost_ns=self.connect_cost_ns,
            lends=self.pooling is Pooling.TRANSACTION,
        )

    def actor_conninfo(self, number: int) -> bytes:
        """The connection string of server connection `number`."""
        return actor_conninfo(
            self.conninfo, actor=number, statement_timeout_ns=self.statement_timeout_ns, settings=self.settings
        )

    def own_sessions(self, process: int) -> range:
        """The server connections that process `process` opens: one for each actor, unless a pooler lends them."""
        if self.pooling is Pooling.SESSION:
            return self.own_actors(process)
        return range(process, self.server_connections or self.actors, self.processes)

    def own_actors(self, process: int) -> range:
        """The actors that process `process` runs."""
        return range(process, self.actors, self.processes)


def _processes(traffic: TrafficSpec, *, highest: float, asked: int | None) -> int:
    """As many as are asked for, else as the highest rate needs.

    Each has at least one actor and one connection, and one place to wait where those are counted (0 would be any).
    """
    most = min(traffic.actors, traffic.max_waiters or traffic.actors)
    if traffic.pooling is Pooling.TRANSACTION and traffic.server_connections:
        most = min(most, traffic.server_connections)
    return min(asked or traffic.processes or max(1, ceil(highest / RATE_PER_PROCESS)), most)


@dataclass(frozen=True, slots=True)
class Begin:
    """Traffic begins at `at_ns`: arrival times count from there."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class SetMix:
    """Arrivals due at `at_ns` or later are drawn from `mix`."""

    at_ns: int
    mix: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SetRate:
    """From `at_ns` on `rate` operations a second are offered; None: what [traffic] says."""

    at_ns: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Stop:
    """No arrival at `at_ns` or later; what is not done `drain_ns` after that is abandoned."""

    at_ns: int
    drain_ns: int


Order: TypeAlias = Begin | SetMix | SetRate | Stop


@dataclass(frozen=True, slots=True)
class Backend:
    """An actor has a connection, served by the backend `pid`."""

    actor: int
    pid: int


@dataclass(frozen=True, slots=True)
class Ready:
    """All actors of a process are connected."""

    backends: tuple[Backend, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The process cannot start; `message` has no credentials."""

    message: str


@dataclass(frozen=True, slots=True)
class FirstError:
    """The first error of an operation with this SQLSTATE; `statement` counts from 0, one past the last is COMMIT."""

    operation: int
    statement: int
    sqlstate: str
    message: str


@dataclass(frozen=True, slots=True)
class ProcessSummary:
    """A process's account; `lag_counts` is the histogram of dispatch lag (see `lag.py`), `connect_counts` that of
    how long connecting again took.
    """

    process: int
    offered: int
    completed: int
    failed: int
    pool_timeouts: int
    abandoned: int
    late: int
    lag_counts: tuple[tuple[int, int], ...]
    lag_max_ns: int
    connect_counts: tuple[tuple[int, int], ...]
    connect_max_ns: int
    connect_failures: int
    absorbed: int
    longest_queue: int
    cpu_seconds: float
    wall_seconds: float
    stopped_at_ns: int
    errors: tuple[FirstError, ...]
    ledger_rows: int
    missed: tuple[Missed, ...] = ()


Report: TypeAlias = Ready | Refused | Backend | ProcessSummary
