"""Events of the application: operations declared, actors, first errors, antagonists, the generator's own quality."""

import msgspec

from harness.events.base import Event


class OperationDeclared(Event, tag="operation_declared", frozen=True, kw_only=True):
    """Operation `index` of operations.bin.

    Name, app version ("" is every version), weight, SQL text, relations it reads and writes.
    """

    index: int
    name: str
    version: str
    weight: float
    sql: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    expected: tuple[str, ...]


class TrafficPlanned(Event, tag="traffic_planned", frozen=True, kw_only=True):
    """What was asked of the generator; `rate` is the mean of a trace.

    `versions` are the app versions by their number in operations.bin (0 is "").
    """

    rate: float
    actors: int
    arrival: str
    protocol: str
    pool_timeout_ns: int
    versions: tuple[str, ...]
    trace_period_ns: int = 0
    """With arrival = "trace": how often it comes again; 0 in journals of before and with other arrivals."""
    trace_counts: tuple[int, ...] = ()
    """Its arrivals in each of so many equal parts of the period."""


class TrafficBegan(Event, tag="traffic_began", frozen=True, kw_only=True):
    """The first instant at which an operation could fall due: the course of the rate counts from `at_ns`."""


class RateChanged(Event, tag="rate_changed", frozen=True, kw_only=True):
    """From `at_ns` on operations are offered at `rate` per second; None: as [traffic] says again."""

    rate: float | None


class ActorConnected(Event, tag="actor_connected", frozen=True, kw_only=True):
    """An actor got (or got again) its connection."""

    actor: int
    pid: int


class OperationFailed(Event, tag="operation_failed", frozen=True, kw_only=True):
    """The first error of this kind of an operation, absorbed by a retry or not: its redacted message.

    All of them are counted in operations.bin.
    """

    operation: int
    statement: int
    sqlstate: str
    message: str


class OperationMissed(Event, tag="operation_missed", frozen=True, kw_only=True):
    """Over all of the traffic: executions of an operation, and those whose parameters met no row (`misses`)."""

    operation: int
    executions: int
    misses: int


class AntagonistActed(Event, tag="antagonist_acted", frozen=True, kw_only=True):
    """An antagonist acted from `start_ns` to `end_ns`, with what it is to hold in hand from `in_place_ns` on.

    `pid` is the backend that held it. `sqlstate` is what ended it early. `placement` is clock, random, migration or
    aimed, `aimed_at` the statements it stood before. `detail` says, for people, by what means it did it.
    """

    kind: str
    table: str
    pid: int
    start_ns: int
    end_ns: int
    sqlstate: str = ""
    placement: str = "clock"
    aimed_at: str = ""
    in_place_ns: int = 0
    """0: it never was, or it was not recorded."""
    detail: str = ""


class TrafficEnded(Event, tag="traffic_ended", frozen=True, kw_only=True):
    """The generator's account: dispatch lag is start − due of operations that found a connection free.

    `late` counts those of them that were not offered in time (more than 2 ms late though a connection was free: what k6
    calls dropped iterations). `cpu_ratio` is CPU seconds of the busiest generator process over its wall time.
    """

    offered: int
    completed: int
    failed: int
    abandoned: int
    pool_timeouts: int
    late: int
    lag_p50_ns: int
    lag_p99_ns: int
    lag_max_ns: int
    cpu_ratio: float
    connect_failures: int = 0
    """Attempts of an actor to get a new connection that the server refused or did not answer."""
    processes: int = 0
    """Generator processes; 0: not told."""
    cpu_seconds: tuple[float, ...] = ()
    """Of each process."""
    reconnects: int = 0
    """Connections that were lost and came back."""
    connect_p99_ns: int = 0
    """Of those: from the beginning of the attempt that succeeded."""
    absorbed: int = 0
    """Errors that a retry followed."""
    longest_queue: int = 0
    """The most operations of one process that waited for a connection at once."""


class TrafficLost(Event, tag="traffic_lost", frozen=True, kw_only=True):
    """The generator died or stopped answering."""

    reason: str


class StatementNotCovered(msgspec.Struct, frozen=True, kw_only=True):
    """A normalized statement of the source that no operation stands for, what it took there, and why."""

    statement: str
    calls: int
    time_ns: int
    reason: str


class StatementCompared(msgspec.Struct, frozen=True, kw_only=True):
    """A derived statement run on the clone (rolled back) and held against its source.

    `statement` counts from 0 within its operation; what the source does not say, or could not be run here, is None.
    `ok`: rows and time are near enough to the source's; `error` is an SQLSTATE, "" for none.
    """

    operation: str
    statement: int
    sql: str
    calls: int
    rows_source: float | None = None
    rows_here: float | None = None
    time_source_ns: float | None = None
    time_here_ns: float | None = None
    ok: bool = True
    error: str = ""


class WorkloadDerived(Event, tag="workload_derived", frozen=True, kw_only=True):
    """Operations were derived from `source` (auto, from_log, from_statements); `name` is the file's, without folder.

    `calls` and `time_ns` are the source's whole load, `covered_*` what the operations stand for; `rate` is operations
    per second of the source, None where it does not say.
    """

    source: str
    name: str
    operations: int
    rate: float | None
    calls: int
    covered_calls: int
    time_ns: int
    covered_time_ns: int
    uncovered: tuple[StatementNotCovered, ...] = ()
    realism: tuple[StatementCompared, ...] = ()
    notes: tuple[str, ...] = ()
