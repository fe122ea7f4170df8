"""What the application felt: response times, operations, outages, the timeline, and who made life hard."""

from dataclasses import dataclass, field

from harness.model.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesFacts:
    """Order statistics of one part of the response time; None when nothing was counted."""

    count: int
    p50_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFacts:
    """Response times (end − due) of operations due in one window.

    Percentiles are exact order statistics, None when empty. The parts are told apart and never stand for the whole:
    the service time alone is what a closed loop would have measured, and leaves out who waited to be served.
    """

    count: int
    failed: int
    p50_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None
    pool_wait: TimesFacts | None = None
    """From due to the connection (checkout − due); to the end where it never got one."""
    service: TimesFacts | None = None
    """From the first statement sent to the end (end − start), pauses and retries included; of what was sent at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFacts:
    """One operation of the workload over the load pass."""

    name: str
    version: str
    sql: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    offered: int
    completed: int
    failed: dict[str, int]
    """Unexpected errors by SQLSTATE, over the whole load pass after the baseline."""
    expected: dict[str, int]
    """Errors the operation declares as expected."""
    failed_in_baseline: dict[str, int]
    """Errors of operations due in the baseline that came before its end, and those that nobody ever served."""
    messages: dict[str, str]
    """First redacted message by SQLSTATE."""
    first_failed_ns: dict[str, int]
    baseline: LatencyFacts
    migrate: LatencyFacts
    rollback: LatencyFacts
    is_new: bool = False
    """Whether it belongs to the version that the migration is for: it need not work before or after it."""
    settle: LatencyFacts | None = None
    calibrate: LatencyFacts | None = None
    absorbed: dict[str, int] = field(default_factory=dict)
    """Errors that a retry made good, by SQLSTATE (the last one of each operation): users saw none of them."""
    retried: int = 0
    """Operations that were executed more than once, whatever came of it."""
    executions: int | None = None
    misses: int | None = None
    """Executions counted by the generator, and those whose parameters met no row; None where it did not count."""
    failed_at: dict[str, int] = field(default_factory=dict)
    """Which of its statements, from 0, the first error by SQLSTATE came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFacts:
    """Errors of one operation with one SQLSTATE over the whole load pass.

    `seen` reached the user, `absorbed` were made good by a retry, `expected` are declared as such by the operation.
    `seen_in` counts the seen ones by phase. `message` is the first one, redacted.
    """

    operation: str
    version: str
    sqlstate: str
    error_class: str
    seen: int
    absorbed: int
    expected: int
    seen_in: dict[str, int]
    first_ns: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFacts:
    """How far two windows of this run differ though nothing migrates in either: the floor under every claim.

    Differences in ns between a window as long as the one that is judged (`window_ns`) and the baseline. `blocks` is
    the number of parts of the baseline that were drawn from. `calibrated`: an A/A window was run, and its difference
    is what the figures are at least.
    """

    window_ns: int
    blocks: int
    p50_ns: int
    p99_ns: int
    outage_ns: int
    calibrated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFacts:
    """One phase of the load pass: what the schedule asked for, what was offered, who ran.

    `scheduled` is None where the course of the rate is not known. Rates are per second, of the busiest whole second
    for `peak_rate`. `mix` is the share of each app version, empty where every version runs.
    """

    phase: str
    span: Span
    offered: int
    scheduled: float | None
    peak_rate: float
    completed: int
    retried: int
    mix: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFacts:
    """The application as a whole: baseline, the window of the migration, the window of the rollback.

    `outage_ns` is the longest time in which several operations were due and unfinished and none was answered.
    """

    rate: float
    actors: int
    offered: int
    completed: int
    failed: int
    pool_timeouts: int
    abandoned: int
    baseline: LatencyFacts
    migrate: LatencyFacts
    settle: LatencyFacts
    rollback: LatencyFacts
    outage_ns: int
    outage: Span | None
    outage_rollback_ns: int
    outage_rollback: Span | None
    noise: NoiseFacts | None
    """None where the baseline is too short to tell."""
    lag_p99_ns: int | None = None
    lag_max_ns: int | None = None
    cpu_ratio: float | None = None
    migrate_and_settle: LatencyFacts | None = None
    """The wider window, for a migration too short to hold enough operations."""
    outage_baseline_ns: int = 0
    """The same measure over the baseline: what is normal for this workload."""
    late: int = 0
    """Operations dispatched late although a connection was free."""
    offered_rate: float | None = None
    """Operations that really fell due, per second."""
    failed_in_baseline: int = 0
    lost: str = ""
    """Why the generator stopped before its time, "" when it did not."""
    calibrate: LatencyFacts | None = None
    outage_calibrate_ns: int = 0
    course: tuple[CourseFacts, ...] = ()
    """The phases of the load pass in order of time."""
    slow: int = 0
    """Operations of the migration's window that took longer than `slow_from_ns`."""
    slow_from_ns: int | None = None
    """What 99 of 100 operations of the baseline stay below, at least 10 ms; None without a baseline."""
    backlog_in_baseline: int = 0
    """Operations due in the baseline and not done at its end."""
    retried: int = 0
    absorbed: int = 0
    expected: int = 0
    connect_failures: int = 0
    """Connections the server refused to an actor that had lost its own."""
    lag_p50_ns: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The load pass in equal buckets of `bucket_ns` from `start_ns`; every tuple has one entry a bucket.

    `completed` and `failed` count ends, `offered` counts dues. Latencies charge an operation to every bucket between
    its due and its end (so an outage is not flat); None where no operation was under way. `blocked_actors` is the
    largest number of actors waiting because of the migration at once in the bucket. `wal_bytes` are written in the
    bucket.
    """

    start_ns: int
    bucket_ns: int
    offered: tuple[int, ...]
    completed: tuple[int, ...]
    failed: tuple[int, ...]
    errors_by_class: dict[str, tuple[int, ...]]
    p50_ns: tuple[int | None, ...]
    p95_ns: tuple[int | None, ...]
    p99_ns: tuple[int | None, ...]
    max_ns: tuple[int | None, ...]
    blocked_actors: tuple[int, ...]
    wal_bytes: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AntagonistFacts:
    """One act of an antagonist; `span` is the time it held what it was to hold, or tried to."""

    kind: str
    table: str
    pid: int
    span: Span
    aimed_at: str = ""
    """The statements it stood before."""
    sqlstate: str = ""
    """What it failed with."""
    detail: str = ""
    """By what means it did it, for people."""
